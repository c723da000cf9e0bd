// SPDX-License-Identifier: Apache-2.0
package io.penstock.karaf.commands;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelFactory;
import io.penstock.relay.RelayFactory;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.karaf.shell.api.console.Registry;
import org.apache.karaf.shell.api.console.Session;
import org.apache.karaf.shell.api.console.SessionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Version;

/** The component with a shell that only keeps what is registered. */
class KarafCommandsTest {
  private final Map<String, KarafCommand> registered = new ConcurrentHashMap<>();
  private final CountDownLatch asked = new CountDownLatch(1);

  private interface Answer {
    @Nullable Object to(String method, Object[] arguments);
  }

  private static <T> T fake(Class<T> type, Answer answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answer.to(method.getName(), arguments)));
  }

  private static <T> T fake(Class<T> type) {
    return fake(type, (method, arguments) -> null);
  }

  private @Nullable Object register(String method, Object[] arguments) {
    KarafCommand command = (KarafCommand) arguments[0];
    if (method.equals("register")) {
      registered.put(command.getName(), command);
    } else {
      registered.remove(command.getName());
    }
    return null;
  }

  private RuntimeDTO nothing() {
    asked.countDown();
    return new RuntimeDTO(
        0,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        new ResourcesDTO(-1, -1, -1, -1));
  }

  @Test
  void aWatchEndsWithItsComponent() throws Exception {
    Registry registry = fake(Registry.class, this::register);
    Bundle bundle = fake(Bundle.class, (method, arguments) -> Version.emptyVersion);
    KarafCommands component =
        new KarafCommands(
            fake(BundleContext.class, (method, arguments) -> bundle),
            fake(SessionFactory.class, (method, arguments) -> registry),
            this::nothing,
            fake(PenstockControl.class),
            fake(ChannelFactory.class),
            fake(RelayFactory.class));
    KarafCommand pipes = Objects.requireNonNull(registered.get("pipes"));
    ExecutorService user = Executors.newSingleThreadExecutor();
    try {
      Future<?> watch =
          user.submit(() -> pipes.execute(fake(Session.class), List.<Object>of("--watch")));
      assertTrue(asked.await(20, TimeUnit.SECONDS));
      component.stop();
      watch.get(20, TimeUnit.SECONDS);
      assertEquals(Map.of(), registered);
    } finally {
      user.shutdownNow();
    }
  }
}
