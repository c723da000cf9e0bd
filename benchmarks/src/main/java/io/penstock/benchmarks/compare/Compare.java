// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.compare;

import io.penstock.benchmarks.compare.Comparison.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The program behind {@code benchmarks/compare}, which checks the options and builds. */
public final class Compare {
  /** The long form: some fourteen minutes for all paths. */
  private static final Build.Pace LONG = new Build.Pace(1500, 5, 200);

  /** The short form: two minutes for all paths. */
  private static final Build.Pace SHORT = new Build.Pace(200, 5, 40);

  private static final int NOT_MEASURED = 2;

  private Compare() {}

  /**
   * Compares two builds, and exits with 0 if nothing is worse by more than the bound, with 1 if
   * something is, and with 2 if it could not be measured.
   *
   * @param arguments "short" or "long"; pairs; the bound in percent; paths, comma-separated, or
   *     "all"; the file of the raw figures; name and class path of the one build; name and class
   *     path of the other
   */
  public static void main(String[] arguments) throws Exception {
    boolean brief = arguments[0].equals("short");
    Form form =
        new Form(
            Integer.parseInt(arguments[1]),
            brief ? SHORT : LONG,
            Double.parseDouble(arguments[2]),
            !brief);
    Comparison comparison =
        new Comparison(
            new Build(arguments[5], arguments[6]),
            new Build(arguments[7], arguments[8]),
            form,
            System.out::println);
    int status;
    try {
      status = comparison.run(routes(arguments[3]));
    } catch (IOException e) {
      // Not 1, the status of a JVM that fails: that one says that something is slower.
      System.err.println("benchmarks/compare: " + e.getMessage());
      status = NOT_MEASURED;
    }
    write(Path.of(arguments[4]), comparison.raw());
    System.exit(status);
  }

  private static Set<Route> routes(String names) {
    Set<Route> routes = EnumSet.noneOf(Route.class);
    if (names.equals("all")) {
      Collections.addAll(routes, Route.values());
    } else {
      for (String name : List.of(names.split(",", -1))) {
        routes.add(Route.parse(name));
      }
    }
    return routes;
  }

  private static void write(Path file, List<String> raw) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("path\tbase, ns\thead, ns\tbase, B\thead, B");
    lines.addAll(raw);
    Files.write(file, lines);
  }
}
