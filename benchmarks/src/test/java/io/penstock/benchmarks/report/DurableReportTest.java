// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.durable.Peer;
import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableReportTest {
  private final List<Sample> samples = new ArrayList<>();

  private void add(Kind kind, String setting, Peer peer, int chunk, double... rounds) {
    for (int i = 0; i < rounds.length; i++) {
      samples.add(
          new Sample(new Subject(kind, Load.QUIET, setting, peer.name(), chunk), i, rounds[i]));
    }
  }

  private List<String> lines(String start) {
    return new DurableReport(samples, List.of("Machine: of the test"), "")
        .markdown(DurableReport.NAME)
        .lines()
        .filter(line -> line.startsWith(start))
        .toList();
  }

  @Test
  void appendsAreJudgedByTheFencedLibraryAndByKafka() {
    add(Kind.THROUGHPUT, DurableReport.SERVERS, Peer.PENSTOCK_SERVERS, 8192, .06, .06);
    add(Kind.THROUGHPUT, DurableReport.SERVERS, Peer.JNATS_FENCED, 8192, .05, .04);
    add(Kind.THROUGHPUT, DurableReport.SERVERS, Peer.KAFKA, 8192, .08, .08);
    assertEquals(
        List.of(
            "| appends of 8 KiB on servers | jnats, fenced | gate | 1.35 (1.2–1.5) | 1 or more | PASS |",
            "| appends of 8 KiB on servers | Kafka | gate | 0.75 (0.75–0.75) | 1 or more |"
                + " **MISSED** by a factor of 1.33 |"),
        lines("| appends of 8 KiB on servers"));
  }

  @Test
  void figuresAreInMebibytesASecond() {
    add(Kind.THROUGHPUT, DurableReport.file("each"), Peer.PENSTOCK_FILE, 8192, .01048576);
    assertEquals(
        List.of("| Penstock, file: | 10 | – | – | – | – | – |"), lines("| Penstock, file:"));
  }

  @Test
  void failOverIsToldAsADistribution() {
    double[] rounds = new double[10];
    for (int i = 0; i < rounds.length; i++) {
      rounds[i] = (10 - i) * 1e9;
    }
    add(Kind.RECOVERY, DurableReport.FAIL_OVER, Peer.KAFKA, 1024, rounds);
    assertEquals(List.of("| Kafka | 10 | 1 | 5 | 9 | 10 |"), lines("| Kafka |"));
  }

  @Test
  void ofOneFigureEachPercentileIsIt() {
    assertEquals(7, DurableReport.percentile(new double[] {7}, 1));
    assertEquals(7, DurableReport.percentile(new double[] {7}, 100));
  }

  @Test
  void whatWasNotMeasuredHasNoSection(@TempDir Path folder) throws Exception {
    add(Kind.RECOVERY, DurableReport.recovery(true), Peer.MVSTORE, 1 << 20, 5e6);
    new DurableReport(samples, List.of(), "").write(folder, DurableReport.NAME);
    String page = Files.readString(folder.resolve(DurableReport.NAME + ".md"));
    assertTrue(page.contains("| H2 MVStore alone | 5 |"), page);
    assertFalse(page.contains("## Appends"), page);
    assertFalse(page.contains("## Fail-over"), page);
    assertTrue(Files.exists(folder.resolve(DurableReport.NAME).resolve("file-recovery.svg")));
  }
}
