// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.lang.management.ManagementFactory;
import java.lang.management.RuntimeMXBean;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;

/**
 * All that an operator attaches to a report of a bug: what there is, who waits with which stack,
 * and what it runs on. It has no secrets: endpoints and failures are without them, and neither
 * environment nor system properties are in it but those that it names. Stateless.
 */
@ProviderType
public final class Report {
  private Report() {}

  /**
   * What the process runs on.
   *
   * @param version of this product
   * @param nativeMode how native calls are made, see {@link
   *     io.penstock.channel.ChannelFactory#nativeMode()}
   * @return facts by name: {@code penstock}, {@code native}, {@code java}, {@code system}, {@code
   *     processors}, {@code heap}, {@code uptime}; in this order, and unmodifiable
   */
  public static Map<String, String> facts(String version, String nativeMode) {
    Runtime machine = Runtime.getRuntime();
    RuntimeMXBean process = ManagementFactory.getRuntimeMXBean();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("penstock", version);
    facts.put("native", nativeMode);
    facts.put("java", properties("java.runtime.version", "java.vendor", "java.vm.name"));
    facts.put("system", properties("os.name", "os.version", "os.arch"));
    facts.put("processors", Integer.toString(machine.availableProcessors()));
    facts.put(
        "heap",
        Units.text(machine.totalMemory() - machine.freeMemory())
            + " of "
            + Units.text(machine.maxMemory()));
    facts.put("uptime", Amounts.span(process.getUptime()));
    return Collections.unmodifiableMap(facts);
  }

  private static String properties(String... names) {
    return String.join(" ", List.of(names).stream().map(n -> System.getProperty(n, "?")).toList());
  }

  /**
   * The report for people.
   *
   * @param facts as {@link #facts} gives them, and more where a caller knows more
   * @param runtime what there is
   * @return lines, each with a line feed
   */
  public static String text(Map<String, String> facts, RuntimeDTO runtime) {
    StringBuilder text = new StringBuilder(4096);
    text.append("Penstock at ").append(Amounts.time(runtime.at())).append("\n\n");
    facts.forEach((name, value) -> line(text, name, value));
    ResourcesDTO resources = runtime.resources();
    line(text, "descriptors", Amounts.of(resources.descriptors(), resources.maxDescriptors()));
    line(
        text,
        "buffered",
        Units.text(Math.max(0, resources.buffered()))
            + " of "
            + Units.text(Math.max(0, resources.maxBuffered())));
    for (Function<RuntimeDTO, ReportTable> each : RuntimeTables.ALL.values()) {
      ReportTable table = each.apply(runtime);
      text.append('\n');
      if (!table.rows().isEmpty()) {
        text.append(table.title()).append(" (").append(table.rows().size()).append(")\n");
      }
      text.append(table.text());
    }
    for (Named one : Named.all(runtime)) {
      String stacks = ObjectDetails.stacks(one, runtime.at());
      if (!stacks.isEmpty()) {
        text.append('\n').append(stacks);
      }
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append(Messages.visible(name)).append(": ").append(Messages.visible(value)).append('\n');
  }

  /**
   * The report for programs.
   *
   * @param facts as {@link #text} takes them
   * @param runtime what there is
   * @return an object with {@code facts} and {@code runtime}, as {@link RuntimeJson} writes them
   */
  public static String json(Map<String, String> facts, RuntimeDTO runtime) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("facts", facts);
    all.put("runtime", runtime);
    return RuntimeJson.value(all);
  }
}
