// SPDX-License-Identifier: Apache-2.0
package io.penstock.cdi;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.poller.Poller;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.CreationException;
import jakarta.enterprise.inject.literal.NamedLiteral;
import jakarta.enterprise.inject.spi.AfterBeanDiscovery;
import jakarta.enterprise.inject.spi.AfterDeploymentValidation;
import jakarta.enterprise.inject.spi.BeforeShutdown;
import jakarta.enterprise.inject.spi.DeploymentException;
import jakarta.enterprise.inject.spi.Extension;
import jakarta.enterprise.inject.spi.InjectionPoint;
import jakarta.enterprise.inject.spi.ProcessBean;
import jakarta.enterprise.inject.spi.ProcessInjectionPoint;
import jakarta.inject.Named;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes beans of one {@link Penstock}, which is opened with the CDI container and closed with it:
 * the {@code Penstock} itself, {@link PipeFactory}, {@link ChannelFactory}, {@link RelayFactory}
 * and a fresh {@link Poller} for each injection; and, with {@link Named}, what the properties
 * {@code PID~NAME.KEY} of MicroProfile Config describe, with the PIDs and keys of a container of
 * OSGi.
 *
 * <p>For the CDI container only, which makes it and calls its observers on one thread.
 */
@ProviderType
public final class ConfiguredBeans implements Extension {
  private static final String WAIT = "io.penstock.cdi.wait";

  /** What a configuration of each PID brings. */
  private static final Map<String, List<Class<?>>> BRINGS =
      Map.of(
          "io.penstock.Pipe",
          List.of(Pipe.class, ByteSource.class, ByteSink.class),
          "io.penstock.Channel",
          List.of(Channel.class),
          "io.penstock.Listener",
          List.of(Listener.class),
          "io.penstock.Relay",
          List.of(Relay.class));

  /** A type with a name. */
  private record Wanted(Class<?> type, String name) {}

  private final Map<Wanted, InjectionPoint> injected = new LinkedHashMap<>();
  private final Set<Wanted> made = new HashSet<>();
  private final Penstock penstock = Penstock.open();
  private Map<String, Map<String, String>> configurations = Map.of();
  private Wait wait = Wait.none();

  /** For the CDI container. */
  public ConfiguredBeans() {}

  void injected(@Observes ProcessInjectionPoint<?, ?> event) {
    InjectionPoint point = event.getInjectionPoint();
    Type type = point.getType();
    if (type instanceof ParameterizedType some && some.getRawType() == Provider.class) {
      type = some.getActualTypeArguments()[0];
    }
    String name = name(point.getQualifiers());
    for (List<Class<?>> types : BRINGS.values()) {
      for (Class<?> each : types) {
        if (each == type && !name.isEmpty()) {
          injected.putIfAbsent(new Wanted(each, name), point);
        }
      }
    }
  }

  /** The program may have producers of its own. */
  void made(@Observes ProcessBean<?> event) {
    String name = name(event.getBean().getQualifiers());
    for (Type type : event.getBean().getTypes()) {
      if (type instanceof Class<?> some && !name.isEmpty()) {
        made.add(new Wanted(some, name));
      }
    }
  }

  private static String name(Set<Annotation> qualifiers) {
    return qualifiers.stream()
        .filter(Named.class::isInstance)
        .map(each -> ((Named) each).value())
        .findFirst()
        .orElse("");
  }

  void addBeans(@Observes AfterBeanDiscovery event) {
    shared(event, Penstock.class, opened -> opened);
    shared(event, PipeFactory.class, Penstock::pipes);
    shared(event, ChannelFactory.class, Penstock::channels);
    shared(event, RelayFactory.class, Penstock::relays);
    event
        .<Poller>addBean()
        .id(Poller.class.getName())
        .types(Poller.class, Object.class)
        .scope(Dependent.class)
        .produceWith(lookup -> penstock.poller())
        .disposeWith((poller, lookup) -> poller.close());
    try {
      configurations = ConfiguredNames.read();
      wait = Wait.upTo(Units.duration(ConfiguredNames.value(WAIT, "10s")));
    } catch (NoClassDefFoundError | IllegalStateException e) {
      // There is no MicroProfile Config, or nothing that implements it: a name that is asked for is
      // told below.
    } catch (IllegalArgumentException e) {
      event.addDefinitionError(new DeploymentException(WAIT + ": " + e.getMessage(), e));
    }
    Set<Wanted> brought = new HashSet<>();
    configurations.forEach(
        (pid, values) -> {
          int tilde = pid.indexOf('~');
          String name = values.getOrDefault(Channel.NAME, pid.substring(tilde + 1));
          for (Class<?> type : BRINGS.getOrDefault(pid.substring(0, tilde), List.of())) {
            if (brought.add(new Wanted(type, name))) {
              named(event, type, name);
            }
          }
        });
    injected.forEach(
        (wanted, point) -> {
          if (!brought.contains(wanted) && !made.contains(wanted)) {
            event.addDefinitionError(new DeploymentException(missing(wanted, point)));
          }
        });
  }

  private <T> void shared(AfterBeanDiscovery event, Class<T> type, Function<Penstock, T> get) {
    event
        .<T>addBean()
        .id(type.getName())
        .types(type, Object.class)
        .scope(Singleton.class)
        .produceWith(lookup -> get.apply(penstock));
  }

  private <T> void named(AfterBeanDiscovery event, Class<T> type, String name) {
    event
        .<T>addBean()
        .id(type.getName() + "~" + name)
        .types(type, Object.class)
        .qualifiers(NamedLiteral.of(name), Any.Literal.INSTANCE)
        .scope(Dependent.class)
        .produceWith(lookup -> present(type, name));
  }

  private <T> T present(Class<T> type, String name) {
    try {
      return penstock.named(type, name, wait);
    } catch (IOException e) {
      throw new CreationException(
          "the " + type.getSimpleName() + " named '" + name + "': " + e.getMessage(), e);
    }
  }

  private static String missing(Wanted wanted, InjectionPoint point) {
    String pid =
        BRINGS.entrySet().stream()
            .filter(each -> each.getValue().contains(wanted.type()))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElseThrow();
    return "no configuration brings the "
        + wanted.type().getSimpleName()
        + " named '"
        + wanted.name()
        + "', which "
        + point.getMember()
        + " wants; expected properties of MicroProfile Config that begin with "
        + pid
        + "~"
        + wanted.name()
        + ".";
  }

  void configure(@Observes AfterDeploymentValidation event) {
    boolean refused = false;
    for (Map.Entry<String, Map<String, String>> each : configurations.entrySet()) {
      try {
        penstock.configure(each.getKey(), each.getValue());
      } catch (IllegalArgumentException e) {
        event.addDeploymentProblem(new DeploymentException(e.getMessage(), e));
        refused = true;
      }
    }
    if (refused) {
      // There will be no container that closes what was begun already.
      penstock.close();
    }
  }

  void close(@Observes BeforeShutdown event) {
    penstock.close();
  }
}
