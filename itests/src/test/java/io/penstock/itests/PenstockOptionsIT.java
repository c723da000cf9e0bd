// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Services;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The options for users' container tests bring a Penstock that works, and its optional parts. */
@InContainer(
    byOptions = true,
    parts = {"native", "pushstream", "sftp", "ssh", "tls"})
class PenstockOptionsIT {
  /** Beside the packages of OSGi, which come with them. */
  private static final List<String> NAMES =
      List.of(
          "com.sun.jna",
          "io.penstock.api",
          "io.penstock.impl",
          "io.penstock.pushstream",
          "io.penstock.sftp",
          "io.penstock.ssh",
          "io.penstock.tls",
          "org.apache.felix.configadmin",
          "org.apache.felix.scr");

  @Test
  void lineIsEchoed(BundleContext context) throws Exception {
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    try (Channel channel = channels.connect(Endpoint.parse("echo:"), ChannelOptions.defaults())) {
      channel.sink().writeFully("tea\n");
      assertEquals("tea", channel.source().readLine(StandardCharsets.UTF_8, 99));
    }
  }

  @Test
  void allOfItIsActiveAndFromTheRepository(BundleContext context) {
    Map<String, Bundle> ours = new TreeMap<>();
    for (Bundle bundle : context.getBundles()) {
      if (bundle.getLocation().startsWith("mvn:")) {
        ours.put(bundle.getSymbolicName(), bundle);
      }
    }
    for (String name : NAMES) {
      Bundle bundle = ours.get(name);
      assertNotNull(bundle, () -> name + " is not in " + ours.keySet());
      assertEquals(Bundle.ACTIVE, bundle.getState(), name);
    }
  }
}
