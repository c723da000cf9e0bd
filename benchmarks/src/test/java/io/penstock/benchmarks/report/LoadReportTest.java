// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadReportTest {
  private final List<Sample> samples = new ArrayList<>();

  private void add(Kind kind, String setting, String who, int number, double... rounds) {
    for (int i = 0; i < rounds.length; i++) {
      samples.add(new Sample(new Subject(kind, Load.QUIET, setting, who, number), i, rounds[i]));
    }
  }

  private List<String> rows(String start) {
    return new LoadReport(samples, List.of("Machine: of the test"), "")
        .markdown(LoadReport.NAME)
        .lines()
        .filter(line -> line.startsWith("| " + start))
        .toList();
  }

  @Test
  void heapHasAGateAndAnAim() {
    add(Kind.HEAP, Texts.MEMORY_TCP, "PENSTOCK_POLLER", 1, 1000, 990, 1010);
    assertEquals(
        List.of(
            "| heap per idle connection, bytes | – | gate | 1000 (990–1010) | 1100 or less | PASS |",
            "| heap per idle connection, bytes | – | aim | 1000 (990–1010) | 900 or less |"
                + " **MISSED** by a factor of 1.11 |"),
        rows("heap per idle connection, bytes"));
  }

  @Test
  void halfOfNettysIsAimedAt() {
    add(Kind.HEAP, Texts.MEMORY_TLS, "PENSTOCK_TLS_POLLER", 1, 6000);
    add(Kind.HEAP, Texts.MEMORY_TLS, "NETTY_TLS", 1, 10_000);
    assertEquals(
        List.of(
            "| heap per idle connection, TLS | Netty, TLS by the JDK | aim | 0.6 | 0.5 or less |"
                + " **MISSED** by a factor of 1.2 |"),
        rows("heap per idle connection, TLS"));
  }

  @Test
  void aBytePerOperationIsGarbageAndAHundredthIsNone() {
    add(Kind.ALLOCATION, Texts.GARBAGE_PIPE, "PENSTOCK", 8192, .01);
    add(Kind.ALLOCATION, Texts.GARBAGE_TCP, "PENSTOCK_POLLER", 64, 1);
    assertTrue(rows("garbage per operation, pipe, 8 KiB").get(0).endsWith("PASS |"));
    assertTrue(rows("garbage per operation, TCP, poller").get(0).contains("**MISSED**"));
    assertTrue(rows("garbage per operation, pipe, 64 B").get(0).endsWith("not measured |"));
  }

  private void latencies() {
    for (int percent : Texts.RATES) {
      for (String who : List.of("PENSTOCK_POLLER", "NETTY_NIO")) {
        double value = 10_000;
        for (Kind kind : LoadReport.LATENCIES) {
          add(kind, Texts.latency(percent), who, 64, value);
          value *= 2;
        }
        add(Kind.REQUESTS, Texts.latency(percent), who, 64, percent);
        add(Kind.LATE, Texts.latency(percent), who, 64, 500);
      }
    }
  }

  @Test
  void percentilesAreToldInMicrosecondsWithTheRate() {
    latencies();
    assertEquals(
        "| 80 % | Penstock, poller | 80 | 10 | 20 | 40 | 80 | 160 | 320 | 0.5 |",
        rows("80 % | Penstock").get(0));
  }

  @Test
  void writersOfOnePipeAreMeasuredAgainstThoseOfOneQueue() {
    add(Kind.THROUGHPUT, Texts.FAN_IN, "PENSTOCK", 64, 3);
    add(Kind.THROUGHPUT, Texts.FAN_IN, "ARRAY_BLOCKING_QUEUE", 64, 1.8);
    // Another kind of work: a pipe for each writer.
    add(Kind.THROUGHPUT, Texts.FAN_IN, "OKIO", 64, 100);
    String page = new LoadReport(samples, List.of(), "").markdown(LoadReport.NAME);
    assertTrue(
        page.contains(
            "| one pipe, writers: 64 | ArrayBlockingQueue of copies | gate | 1.67 | 1.5 or more |"
                + " PASS |"),
        page);
  }

  @Test
  void whatIsSimulatedIsCalledSo() {
    add(Kind.REQUESTS, Texts.GROWTH_SIMULATED, "PENSTOCK", 50_000, 300);
    add(Kind.P99, Texts.GROWTH_SIMULATED, "PENSTOCK", 50_000, 300_000);
    String page = new LoadReport(samples, List.of(), "").markdown(LoadReport.NAME);
    assertTrue(page.contains("## Growth, simulated: channels in memory"), page);
    assertTrue(page.contains("| Penstock | 300; 300 |"), page);
  }

  @Test
  void everySuiteHasATableAndAPlot(@TempDir Path folder) throws IOException {
    latencies();
    for (int number : Texts.FANS) {
      for (String setting : List.of(Texts.FAN_OUT, Texts.FAN_IN, Texts.FAN_PIPES)) {
        add(Kind.THROUGHPUT, setting, "PENSTOCK", number, 1);
        // What did not move at all has no place on a logarithmic axis, and does no harm.
        add(Kind.THROUGHPUT, setting, "NETTY", number, 0);
      }
    }
    for (int number : List.of(10, 1000)) {
      add(Kind.REQUESTS, Texts.GROWTH_TCP, "NETTY_NIO", number, 100);
      add(Kind.P99, Texts.GROWTH_TCP, "NETTY_NIO", number, 100_000);
    }
    // After a collection there may be less than before.
    add(Kind.HEAP, Texts.MEMORY_PIPE, "PENSTOCK", 1, -5);
    add(Kind.HEAP, Texts.MEMORY_PIPE, "NETTY", 1, 500);
    add(Kind.ALLOCATION, Texts.GARBAGE_PAIR, "PENSTOCK", 64, 0);
    add(Kind.REQUESTS, Texts.CHURN, "JDK_SELECTOR", 1, 10);
    for (int slow : List.of(0, 1)) {
      add(Kind.P99, Texts.SLOW, "JDK", slow, 10_000);
      add(Kind.THROUGHPUT, Texts.SLOW, "JDK", slow, .1);
    }
    add(Kind.START, Texts.START + Texts.NEW_JDK, "PENSTOCK", 1, 150);
    add(Kind.START, Texts.START + Texts.NEW_JDK, "JDK_BLOCKING", 1, 25);
    new LoadReport(samples, List.of(), "").write(folder, LoadReport.NAME);
    String page = Files.readString(folder.resolve(LoadReport.NAME + ".md"));
    for (String plot :
        List.of(
            "latency",
            "fan",
            "growth-requests",
            "growth-p99",
            "memory",
            "garbage",
            "churn",
            "slow-p99",
            "slow-throughput",
            "start")) {
      assertTrue(page.contains("](" + LoadReport.NAME + "/" + plot + ".svg)"), plot);
      assertTrue(Files.exists(folder.resolve(LoadReport.NAME + "/" + plot + ".svg")), plot);
    }
    assertTrue(page.contains("Netty EmbeddedChannel"), page);
    assertTrue(page.contains("| a program that does nothing | 25 |"), page);
    assertTrue(
        page.contains(
            "| start, newest JDK, to the first byte, ms | – | gate | 150 | 200 or less | PASS |"),
        page);
  }
}
