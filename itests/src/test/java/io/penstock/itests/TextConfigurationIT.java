// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.itests.support.TestBundle;
import io.penstock.pipe.Pipe;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.MetaTypeService;
import org.osgi.service.metatype.ObjectClassDefinition;

/** Configurations as people write them: as text, whichever agent reads it. */
@InContainer
class TextConfigurationIT {

  private static final Map<String, String> LIMITED =
      Map.of(
          "capacity", "128KiB",
          "readTimeout", "250ms",
          "writeTimeout", "PT2S",
          "direct", "true",
          "spin", "auto");

  @Test
  void fromConfigurationAdmin(BundleContext context) throws Exception {
    try (Configurations configurations = new Configurations(context)) {
      configurations.create(Penstock.PIPE, "admin", LIMITED);

      assertLimited(Services.named(context, Pipe.class, "admin"));
    }
    Services.awaitGone(context, Pipe.class, "admin");
  }

  @Test
  void fromTheConfigurator(BundleContext context) throws Exception {
    StringBuilder json = new StringBuilder("{\":configurator:resource-version\": 1,\n");
    json.append("\"io.penstock.Pipe~configurator\": {\n");
    json.append(
        String.join(
            ",\n",
            LIMITED.entrySet().stream()
                .map(each -> "\"" + each.getKey() + "\": \"" + each.getValue() + "\"")
                .toList()));
    json.append("}}\n");
    Bundle bundle =
        TestBundle.named("configured")
            .header(
                "Require-Capability",
                "osgi.extender;filter:=\"(&(osgi.extender=osgi.configurator)(version>=1.0))\"")
            .with("OSGI-INF/configurator/pipes.json", json.toString())
            .start(context);

    assertLimited(Services.named(context, Pipe.class, "configurator"));

    bundle.uninstall();
    Services.awaitGone(context, Pipe.class, "configurator");
  }

  @ParameterizedTest
  @CsvSource({
    "io.penstock.Pipe, penstock.name capacity readTimeout writeTimeout readBlocking writeBlocking"
        + " direct spin",
    "io.penstock.Channel, penstock.name endpoint readTimeout writeTimeout connectTimeout"
        + " closeTimeout reconnect receiveBuffer sendBuffer spin .password .passphrase",
    "io.penstock.Listener, penstock.name endpoint backlog maxConnections readTimeout"
        + " writeTimeout closeTimeout receiveBuffer sendBuffer spin .passphrase",
    "io.penstock.Relay, penstock.name from to fork idleTimeout totalTimeout buffer rate acceptEnv"
  })
  void everyKeyIsDescribedInMetatype(String pid, String keys, BundleContext context) {
    ObjectClassDefinition definition =
        Services.any(context, MetaTypeService.class, "")
            .getMetaTypeInformation(Penstock.implementation(context))
            .getObjectClassDefinition(pid, null);

    Set<String> described = new TreeSet<>();
    for (AttributeDefinition each : definition.getAttributeDefinitions(ObjectClassDefinition.ALL)) {
      if (each.getDescription() != null && !each.getDescription().isBlank()) {
        described.add(each.getID());
      }
    }

    Set<String> missing = new TreeSet<>(Set.of(keys.split(" ")));
    missing.removeAll(described);
    assertEquals(Set.of(), missing, "not described for " + pid);
    assertTrue(
        Stream.of(definition.getAttributeDefinitions(ObjectClassDefinition.ALL))
            .filter(each -> each.getID().endsWith("Timeout"))
            .allMatch(each -> each.getDescription().contains("ms")),
        "every duration says how it is written");
    assertTrue(
        Stream.of(definition.getAttributeDefinitions(ObjectClassDefinition.ALL))
            .filter(each -> each.getID().startsWith("."))
            .allMatch(each -> each.getType() == AttributeDefinition.PASSWORD),
        "every secret is described as one");
  }

  private static void assertLimited(Pipe pipe) {
    assertEquals(128 * 1024, pipe.sink().room());
    assertEquals(Wait.upTo(Duration.ofMillis(250)), pipe.source().readWait());
    assertEquals(Wait.upTo(Duration.ofSeconds(2)), pipe.sink().writeWait());
  }
}
