// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.cost;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/**
 * A container that starts and stops all that operators install, while it works. It does what the
 * lines of its standard input say: {@code on}, {@code off}, or a turn of {@link Work}; and prints a
 * line for each.
 */
class Operated extends WithOperators {
  /** As in a container that has run for minutes. */
  private static final int WARM_UPS = 200;

  @TempDir Path folder;

  private @Nullable Asking asking;
  private int started;

  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void takesTurns(BundleContext context) throws Exception {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    Work work = new Work(context);
    try {
      assertBare(context);
      System.out.println("cost: ready");
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String answer =
            switch (line) {
              case "on" -> on(context);
              case "off" -> off(context);
              default -> String.valueOf(work.turn(line));
            };
        System.out.println("cost: " + answer);
      }
    } finally {
      off(context);
      work.end();
    }
  }

  private String on(BundleContext context) throws Exception {
    List<Bundle> unused = start(context);
    Path page = Files.createDirectory(folder.resolve("page" + started));
    asking = new Asking(context, page, started++ == 0 ? WARM_UPS : 0);
    return "on";
  }

  private String off(BundleContext context) throws Exception {
    Asking ended = asking;
    if (ended == null) {
      return "was off";
    }
    asking = null;
    ended.end();
    stop(context);
    assertTrue(ended.rounds() > 0 && ended.news() > 0, "nothing was asked for");
    return ended.rounds() + " looks, " + ended.news() + " B of news";
  }
}
