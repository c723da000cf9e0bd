// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.MetaTypeInformation;
import org.osgi.service.metatype.MetaTypeService;
import org.osgi.service.metatype.ObjectClassDefinition;

/** Which options a configured object has, where they come from, and which are not shown. */
class ConfiguredOptionsTest {
  private static final String PID = "io.penstock.Channel";

  private static String of(String name, Map<String, Object> values) {
    Configuration configuration =
        gives(
            Configuration.class,
            Map.of("getPid", PID + "~line", "getProperties", new Hashtable<>(values)));
    AttributeDefinition limit =
        gives(
            AttributeDefinition.class,
            Map.of("getID", "readTimeout", "getDefaultValue", new String[] {"30s"}));
    AttributeDefinition open =
        gives(
            AttributeDefinition.class,
            Map.of("getID", "sendBuffer", "getDefaultValue", new String[0]));
    ObjectClassDefinition all =
        gives(
            ObjectClassDefinition.class,
            Map.of("getAttributeDefinitions", new AttributeDefinition[] {limit, open}));
    MetaTypeInformation information =
        gives(
            MetaTypeInformation.class,
            Map.of("getFactoryPids", new String[] {PID}, "getObjectClassDefinition", all));
    ConfiguredOptions options =
        new ConfiguredOptions(
            gives(
                BundleContext.class,
                Map.of("getBundles", new Bundle[] {gives(Bundle.class, Map.of())})),
            gives(
                ConfigurationAdmin.class,
                Map.of("listConfigurations", new Configuration[] {configuration})),
            gives(MetaTypeService.class, Map.of("getMetaTypeInformation", information)));
    return options.of(PID, name).stream()
        .map(one -> one.key() + "=" + one.value() + " by " + one.origin())
        .collect(Collectors.joining("; "));
  }

  /** Something that gives an answer to each method of a name, whatever it is asked with. */
  private static <T> T gives(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answers.get(method.getName())));
  }

  @Test
  void whatIsSetIsToldBeforeWhatIsTheDefault() {
    String said =
        of("line", Map.of("endpoint", "tcp://me@10.0.0.7:80?nodelay=true", "spin", "0ms"));
    assertEquals(
        "endpoint=tcp://10.0.0.7:80 by io.penstock.Channel~line; "
            + "nodelay=true by io.penstock.Channel~line, endpoint; "
            + "readTimeout=30s by the default; spin=0ms by io.penstock.Channel~line",
        said);
    String set = of("line", Map.of("readTimeout", "5s", "tags", new String[] {"a", "b"}));
    assertEquals(
        "readTimeout=5s by io.penstock.Channel~line; tags=[a, b] by io.penstock.Channel~line", set);
  }

  @Test
  void aNameOrTheEndOfThePidTellsWhoseItIs() {
    assertFalse(of("given", Map.of("penstock.name", "given")).isEmpty());
    assertEquals("", of("line", Map.of("penstock.name", "given")));
    assertEquals("", of("other", Map.of("spin", "0ms")));
  }

  /** An empty field of a form, and what a tool makes of digits. */
  @Test
  void aBlankNameIsNoneAndANumberIsOne() {
    assertFalse(of("line", Map.of("penstock.name", "")).isEmpty());
    assertFalse(of("line", Map.of("penstock.name", " ")).isEmpty());
    assertFalse(of("7", Map.of("penstock.name", 7)).isEmpty());
    assertFalse(of("given", Map.of("penstock.name", " given ")).isEmpty());
  }

  @Test
  void aBlankValueLeavesTheDefault() {
    assertEquals(
        "readTimeout=30s by the default",
        of("line", Map.of("readTimeout", " ", "spin", "", "endpoint", "")));
  }

  @Test
  void noSecretIsShown() {
    String said =
        of(
            "line",
            Map.of(
                "endpoint",
                "exec:login --password=hush",
                ".passphrase",
                "hush",
                ".password",
                "hush",
                "password",
                "hush",
                "env.TOKEN",
                "hush",
                "exec",
                "login hush",
                "service.pid",
                PID));
    assertFalse(said.contains("hush"), said);
    assertFalse(said.contains("service.pid"), said);
    assertTrue(said.contains("env.TOKEN=(not shown) by io.penstock.Channel~line"), said);
    String ofEndpoint =
        of("line", Map.of("endpoint", "ssh://me@h?exec=login%20hush&env.TOKEN=hush&pty=true"));
    assertEquals(
        "endpoint=ssh://h by io.penstock.Channel~line; "
            + "env.TOKEN=(not shown) by io.penstock.Channel~line, endpoint; "
            + "exec=(not shown) by io.penstock.Channel~line, endpoint; "
            + "pty=true by io.penstock.Channel~line, endpoint; readTimeout=30s by the default",
        ofEndpoint);
    String ofRelay = of("line", Map.of("to", "ssh://h?exec=login%20hush", "from", "pipe:a"));
    assertFalse(ofRelay.contains("hush"), ofRelay);
    assertEquals(
        List.of(),
        of("line", Map.of("endpoint", "no endpoint: hush"))
            .lines()
            .filter(line -> line.contains("hush"))
            .toList());
  }
}
