// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.durable.DurableSession;
import io.penstock.benchmarks.report.ChannelReport;
import io.penstock.benchmarks.report.DurableReport;
import io.penstock.benchmarks.report.LoadReport;
import io.penstock.benchmarks.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A run of all parts, the pipe, channels, load and durable pipes, or of some suites of them. */
public final class Run {
  private Run() {}

  /**
   * Runs it. A part of which no suite was asked for keeps what was measured of it before.
   *
   * @param arguments the target folder, the folder of the report, the java of the newest JDK,
   *     forks, "long", "short" or "report" (only from the samples of the last run), the folder of
   *     the notes, then facts told as they are; the suites, comma-separated, as system property
   *     "suites"
   */
  public static void main(String[] arguments) throws Exception {
    Path target = Path.of(arguments[0]);
    Path folder = Path.of(arguments[1]);
    int rounds = Integer.parseInt(arguments[3]);
    boolean brief = arguments[4].equals("short");
    Path notes = Path.of(arguments[5]);
    List<String> facts = Arrays.asList(arguments).subList(6, arguments.length);
    Set<String> pipe = new TreeSet<>(Session.SUITES);
    Set<String> channels = new TreeSet<>(ChannelSession.SUITES);
    Set<String> load = new TreeSet<>(LoadSession.SUITES);
    Set<String> durable = new TreeSet<>(DurableSession.SUITES);
    select(System.getProperty("suites", "all"), List.of(pipe, channels, load, durable));

    // Beside the plots, so that another checkout can measure a part anew.
    Path ofPipe = folder.resolve(Report.NAME);
    Path ofChannels = folder.resolve(ChannelReport.NAME);
    Path ofLoad = folder.resolve(LoadReport.NAME);
    Path ofDurable = folder.resolve(DurableReport.NAME);
    if (!arguments[4].equals("report")) {
      Optional<Path> newJava =
          Optional.of(arguments[2]).filter(path -> !path.isEmpty()).map(Path::of);
      if (!pipe.isEmpty()) {
        Session.measure(target, newJava, ofPipe, rounds, brief, pipe, facts);
      }
      if (!channels.isEmpty()) {
        ChannelSession.measure(target, ofChannels, rounds, brief, channels, facts);
      }
      if (!load.isEmpty()) {
        LoadSession.measure(target, newJava, ofLoad, rounds, brief, load, facts);
      }
      if (!durable.isEmpty()) {
        DurableSession.measure(target, ofDurable, rounds, brief, durable, facts);
      }
    }
    boolean valid = true;
    if (!pipe.isEmpty()) {
      Optional<Report> report =
          Session.report(
              ofPipe, read(notes.resolve("choosing.md")), read(notes.resolve("notes.md")));
      if (report.isPresent()) {
        report.get().write(folder, Report.NAME);
        valid = report.get().valid();
        System.out.println(folder.resolve(Report.NAME + ".md") + ": " + report.get().summary());
      }
    }
    if (!channels.isEmpty()) {
      Optional<ChannelReport> report =
          ChannelSession.report(ofChannels, read(notes.resolve("notes-channels.md")));
      if (report.isPresent()) {
        report.get().write(folder, ChannelReport.NAME);
        System.out.println(
            folder.resolve(ChannelReport.NAME + ".md") + ": " + report.get().summary());
      }
    }
    if (!load.isEmpty()) {
      Optional<LoadReport> report =
          LoadSession.report(ofLoad, read(notes.resolve("notes-load.md")));
      if (report.isPresent()) {
        report.get().write(folder, LoadReport.NAME);
        System.out.println(folder.resolve(LoadReport.NAME + ".md") + ": " + report.get().summary());
      }
    }
    if (!durable.isEmpty()) {
      Optional<DurableReport> report =
          DurableSession.report(ofDurable, read(notes.resolve("notes-durable.md")));
      if (report.isPresent()) {
        report.get().write(folder, DurableReport.NAME);
        System.out.println(
            folder.resolve(DurableReport.NAME + ".md") + ": " + report.get().summary());
      }
    }
    // In the short form the figures say nothing.
    System.exit(valid || brief ? 0 : 1);
  }

  /** Leaves of each part what was asked for. */
  private static void select(String names, List<Set<String>> parts) {
    if (names.equals("all")) {
      return;
    }
    Set<String> known = new TreeSet<>();
    parts.forEach(known::addAll);
    List<String> chosen = List.of(names.split(","));
    List<String> unknown = new ArrayList<>(chosen);
    unknown.removeAll(known);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException("suites are " + unknown + ", expected some of " + known);
    }
    parts.forEach(part -> part.retainAll(chosen));
  }

  private static String read(Path notes) throws IOException {
    return Files.exists(notes) ? Files.readString(notes) : "";
  }
}
