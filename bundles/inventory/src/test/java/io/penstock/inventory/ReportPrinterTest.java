// SPDX-License-Identifier: Apache-2.0
package io.penstock.inventory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelFactory;
import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import org.apache.felix.inventory.Format;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Version;

/** What the inventory shows of a runtime that the test makes up. */
class ReportPrinterTest {
  private static <T> T answering(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answers.get(method.getName())));
  }

  private static String printed(Format format) {
    Bundle bundle = answering(Bundle.class, Map.of("getVersion", new Version("4.5.6")));
    ReportPrinter printer =
        new ReportPrinter(
            answering(BundleContext.class, Map.of("getBundle", bundle)),
            () ->
                new RuntimeDTO(
                    1000,
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(new AwaitedDTO("orders", "pid~orders", "channel", 1, 2, "refused")),
                    List.of(),
                    new ResourcesDTO(1, 2, 3, 4)),
            answering(ChannelFactory.class, Map.of("nativeMode", "jna")));
    StringWriter out = new StringWriter();
    printer.print(new PrintWriter(out, true), format, false);
    return out.toString();
  }

  @Test
  void textAndJsonTellTheVersionAndWhatThereIs() {
    String text = printed(Format.TEXT);
    String json = printed(Format.JSON);
    for (String each : List.of(text, json)) {
      assertTrue(each.contains("4.5.6"), each);
      assertTrue(each.contains("jna"), each);
      assertTrue(each.contains("orders"), each);
      assertTrue(each.contains("refused"), each);
    }
    assertEquals("{\"facts\":", json.substring(0, 9));
    assertTrue(text.lines().count() > 5, text);
  }
}
