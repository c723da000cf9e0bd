// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.InputSource;

class ReportTest {
  private static final Subject OURS =
      new Subject(Kind.THROUGHPUT, Load.QUIET, Sample.GATES, Gate.PENSTOCK, 8192);

  private final List<Sample> samples = new ArrayList<>();

  private void add(Subject subject, double... rounds) {
    for (int i = 0; i < rounds.length; i++) {
      samples.add(new Sample(subject, i, rounds[i]));
    }
  }

  private void peersAt8KiB() {
    add(OURS.of(Sample.C_RING), 60, 60, 60);
    add(OURS.of(Gate.PIPED), 1.4, 1.4, 1.4);
    add(OURS.of(Gate.OKIO), 1.6, 2, 1.6);
    add(OURS.of(Gate.QUEUE), 1.5, 1.5, 1.5);
    add(OURS.of(Gate.NETTY), 9.9, 9.9, 9.9);
    add(OURS.of(Gate.JCTOOLS), 20, 20, 20);
    add(OURS.of(Gate.AGRONA), 27, 27, 27);
  }

  private Report report() {
    return new Report(samples, List.of("Machine: of the test"), "", "");
  }

  private List<String> gate(String what, String peer) {
    return report()
        .markdown("performance")
        .lines()
        .filter(line -> line.startsWith("| " + what + " | " + peer))
        .toList();
  }

  private static void assertEnds(String expected, List<String> lines) {
    assertEquals(1, lines.size(), lines.toString());
    assertTrue(lines.get(0).endsWith(expected), lines.get(0));
  }

  @Test
  void aRatioThatReachesItsBoundPasses() {
    peersAt8KiB();
    add(OURS, 36, 39, 33);
    assertEnds(
        "| gate | 0.6 (0.55–0.65) | 0.55 or more | PASS |",
        gate("pipe, 8 KiB chunks, quiet", "limit: ring in C").subList(0, 1));
    assertTrue(report().valid());
  }

  @Test
  void aSlowPipeIsReportedAsMissedAndByHowMuch() {
    peersAt8KiB();
    add(OURS, 16.5, 12, 16.5);
    assertEnds(
        "| gate | 0.275 (0.2–0.275) | 0.55 or more | **MISSED** by a factor of 2 |",
        gate("pipe, 8 KiB chunks, quiet", "limit: ring in C").subList(0, 1));
    assertTrue(report().summary().startsWith("0 of 1 gates and 0 of 1 aims"), report().summary());
  }

  @Test
  void whatWasNotMeasuredDoesNotPass() {
    peersAt8KiB();
    add(OURS, 30, 30, 30);
    assertEnds("not measured |", gate("pipe, 1 KiB chunks, contended", "–").subList(0, 1));
  }

  @Test
  void aTimeThatIsTooLongIsMissed() {
    Subject trip = new Subject(Kind.P50, Load.QUIET, Sample.GATES, Gate.PENSTOCK, 1);
    add(trip.of(Gate.JCTOOLS), 200, 200, 200);
    add(trip, 260, 240, 300);
    assertEnds(
        "| gate | 1.3 (1.2–1.5) | 1.25 or less | **MISSED** by a factor of 1.04 |",
        gate("round trip, quiet", "JCTools").subList(0, 1));
  }

  @Test
  void aPeerThatWasHeldBackMakesTheRunInvalid() {
    peersAt8KiB();
    add(OURS, 30, 30, 30);
    assertTrue(report().valid());
    samples.removeIf(sample -> sample.subject().peer().equals(Gate.NETTY));
    add(OURS.of(Gate.NETTY), 4.9, 4.9, 4.9);
    assertFalse(report().valid());
    assertTrue(report().summary().startsWith("INVALID RUN"), report().summary());
    assertTrue(report().markdown("performance").contains("**0.495 INVALID**"));
  }

  @Test
  void whatAPeerCanDependsOnTheProcessor() {
    Subject small = new Subject(Kind.THROUGHPUT, Load.QUIET, Sample.GATES, Gate.JCTOOLS, 64);
    add(small, .33, .33, .33);
    add(small.of(Sample.C_RING), 1.2, 1.2, 1.2);
    assertFalse(report().valid());
    List<String> facts = List.of("Machine: Intel(R) Xeon(R) Processor, 2 cores");
    assertTrue(new Report(samples, facts, "", "").valid());
    samples.removeIf(sample -> sample.subject().peer().equals(Gate.JCTOOLS));
    add(small, .16, .16, .16);
    assertFalse(new Report(samples, facts, "", "").valid());
  }

  @ParameterizedTest
  @ValueSource(strings = {Gate.AGRONA, Gate.OKIO})
  void aPeerOfNoQuietGateMayBeSlow(String peer) {
    peersAt8KiB();
    add(OURS, 30, 30, 30);
    samples.removeIf(sample -> sample.subject().peer().equals(peer));
    add(OURS.of(peer), .5, .5, .5);
    assertTrue(report().valid());
    assertTrue(
        Gate.all().stream()
            .filter(gate -> gate.ours().load() == Load.QUIET)
            .noneMatch(gate -> gate.peers().contains(peer)));
  }

  @Test
  void aLimitThatWasHeldBackMakesTheRunInvalid() {
    Subject small = new Subject(Kind.THROUGHPUT, Load.QUIET, Sample.GATES, Gate.JCTOOLS, 64);
    add(small, 4, 4, 4);
    add(small.of(Sample.C_RING), 3.3, 3.3, 3.3);
    assertTrue(report().valid());
    samples.removeIf(sample -> sample.subject().peer().equals(Sample.C_RING));
    add(small.of(Sample.C_RING), 3.1, 3.1, 3.1);
    assertFalse(report().valid());
    assertTrue(report().summary().startsWith("INVALID RUN: the ring in C"), report().summary());
    assertTrue(report().markdown("performance").contains("with chunks of 64 B."));
  }

  @Test
  void aPeerThatCopiesToFreshMemoryMayBeFasterThanTheRing() {
    peersAt8KiB();
    samples.removeIf(sample -> sample.subject().peer().equals(Sample.C_RING));
    add(OURS.of(Sample.C_RING), 8, 8, 8);
    assertTrue(report().valid());
  }

  @Test
  void anObjectForEachChunkIsReportedAsMissed() {
    add(new Subject(Kind.ALLOCATION, Load.QUIET, "chunk", Gate.PENSTOCK, 64), .2);
    add(new Subject(Kind.ALLOCATION, Load.QUIET, "chunk", Gate.PENSTOCK, 8192), 24.1);
    String text = report().markdown("performance");
    assertTrue(text.contains("| chunk of 64 B | 0.2 | PASS |"), text);
    assertTrue(text.contains("| chunk of 8 KiB | 24.1 | **MISSED** |"), text);
  }

  @Test
  void aChunkThatTakesSeveralCallsIsMeasuredByTheCall() {
    add(new Subject(Kind.ALLOCATION, Load.QUIET, "chunk", Gate.PENSTOCK, 65536), .6);
    add(new Subject(Kind.ALLOCATION, Load.QUIET, "chunk", Gate.PENSTOCK, 1048576), 7.9);
    String text = report().markdown("performance");
    assertTrue(text.contains("| chunk of 64 KiB | 0.6 | **MISSED** |"), text);
    assertTrue(text.contains("| chunk of 1 MiB | 7.9 | PASS |"), text);
  }

  @Test
  void samplesComeBackAsTheyWereWritten(@TempDir Path folder) throws IOException {
    peersAt8KiB();
    Sample.write(folder.resolve("samples.tsv"), samples);
    assertEquals(samples, Sample.read(folder.resolve("samples.tsv")));
  }

  @Test
  void eachPlotIsWellFormedAndNamedInTheText(@TempDir Path folder) throws Exception {
    peersAt8KiB();
    add(OURS, 30, 32, 28);
    report().write(folder, "performance");
    String text = Files.readString(folder.resolve("performance.md"));
    assertTrue(text.contains("(performance/throughput-quiet.svg)"), text);
    String svg = Files.readString(folder.resolve("performance/throughput-quiet.svg"));
    var document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    // A bar for each of the seven peers, and ours.
    assertEquals(8, document.getElementsByTagName("rect").getLength());
  }
}
