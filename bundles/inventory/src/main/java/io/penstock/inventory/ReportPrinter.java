// SPDX-License-Identifier: Apache-2.0
package io.penstock.inventory;

import io.penstock.channel.ChannelFactory;
import io.penstock.operator.Report;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RuntimeDTO;
import java.io.PrintWriter;
import java.util.Map;
import org.apache.felix.inventory.Format;
import org.apache.felix.inventory.InventoryPrinter;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Prints the report that operators attach to a report of a bug; see {@link Report}. */
@Component(
    name = "io.penstock.Inventory",
    property = {
      InventoryPrinter.NAME + "=penstock",
      InventoryPrinter.TITLE + "=Penstock",
      InventoryPrinter.FORMAT + "=TEXT",
      InventoryPrinter.FORMAT + "=JSON"
    })
public final class ReportPrinter implements InventoryPrinter {
  private final BundleContext context;
  private final PenstockRuntime runtime;
  private final ChannelFactory channels;

  /**
   * Prints from now on.
   *
   * @param context knows the version
   * @param runtime tells what there is
   * @param channels tell how native calls are made
   */
  @Activate
  public ReportPrinter(
      BundleContext context,
      @Reference PenstockRuntime runtime,
      @Reference ChannelFactory channels) {
    this.context = context;
    this.runtime = runtime;
    this.channels = channels;
  }

  @Override
  public void print(PrintWriter writer, Format format, boolean zip) {
    RuntimeDTO all = runtime.runtime();
    Map<String, String> facts =
        Report.facts(context.getBundle().getVersion().toString(), channels.nativeMode());
    writer.print(format.equals(Format.JSON) ? Report.json(facts, all) : Report.text(facts, all));
  }
}
