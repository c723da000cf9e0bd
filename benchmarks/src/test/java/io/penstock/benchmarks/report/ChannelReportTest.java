// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.benchmarks.report.Sample.Kind;
import io.penstock.benchmarks.report.Sample.Load;
import io.penstock.benchmarks.report.Sample.Subject;
import io.penstock.benchmarks.server.Server;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class ChannelReportTest {
  private final List<Sample> samples = new ArrayList<>();

  private void add(Kind kind, String setting, Server server, int chunk, double... rounds) {
    for (int i = 0; i < rounds.length; i++) {
      samples.add(
          new Sample(new Subject(kind, Load.QUIET, setting, server.name(), chunk), i, rounds[i]));
    }
  }

  private void relays(double... ours) {
    add(Kind.THROUGHPUT, "relay, unix", Server.PENSTOCK_RELAY, 65536, ours);
    add(Kind.THROUGHPUT, "relay, unix", Server.SOCAT_64, 65536, 1, 1.1, 1);
    add(Kind.THROUGHPUT, "relay, unix", Server.SOCAT_256, 65536, 2, 2, 2);
  }

  private ChannelReport report() {
    return new ChannelReport(samples, List.of("Machine: of the test"), "");
  }

  private List<String> gate(String start) {
    return report()
        .markdown(ChannelReport.NAME)
        .lines()
        .filter(line -> line.startsWith("| " + start))
        .toList();
  }

  @Test
  void theFasterOfSeveralPeersCounts() {
    relays(3.6, 3.4, 3.8);
    assertEquals(
        List.of(
            "| relay, unix, 64 KiB chunks | socat -b 262144 | gate | 1.8 (1.7–1.9) | 1.5 or more |"
                + " PASS |",
            "| relay, unix, 64 KiB chunks | socat -b 262144 | aim | 1.8 (1.7–1.9) | 2 or more |"
                + " **MISSED** by a factor of 1.11 |"),
        gate("relay, unix, 64 KiB chunks | socat"));
    assertTrue(report().summary().startsWith("1 of 1 gates and 0 of 1 aims"), report().summary());
  }

  /** A short run on a busy machine may see no tick of the processors. */
  @Test
  void whatWasTooSmallToMeasureIsNoPeer() {
    add(Kind.CPU, "relay, unix", Server.PENSTOCK_RELAY, 65536, 0, .6, .6);
    add(Kind.CPU, "relay, unix", Server.C_RELAY, 65536, .5, 0, .5);
    add(Kind.CPU, "relay, unix", Server.SOCAT_64, 65536, 0, 0, .1);
    assertEquals(
        "| relay, unix, 64 KiB chunks, processors | C relay, copying | gate | 0.6 (0–1.2) | 1.1 or less |"
            + " PASS |",
        gate("relay, unix, 64 KiB chunks, processors").get(0));
  }

  @Test
  void moreRequestsAreBetterAndMoreBytesAreNot() {
    add(Kind.REQUESTS, "poller", Server.PENSTOCK_POLLER, 64, 180);
    add(Kind.REQUESTS, "poller", Server.JDK_SELECTOR, 64, 200);
    add(Kind.HEAP, "poller", Server.PENSTOCK_POLLER, 64, 1000);
    assertEquals(
        "| poller, requests/s | JDK Selector | gate | 0.9 | 0.97 or more | **MISSED** by a factor"
            + " of 1.08 |",
        gate("poller, requests/s | JDK Selector").get(0));
    assertEquals(
        List.of(
            "| poller, heap per idle connection, bytes | – | gate | 1000 | 1100 or less | PASS |",
            "| poller, heap per idle connection, bytes | – | aim | 1000 | 900 or less |"
                + " **MISSED** by a factor of 1.11 |"),
        gate("poller, heap"));
  }

  @Test
  void commandsOverSshHaveALimitOfTheirOwn() {
    add(Kind.P50, "ssh, exec", Server.PENSTOCK_SSH, 64, 400_000);
    add(Kind.THROUGHPUT, "ssh, push", Server.PENSTOCK_SSH, 65536, .4);
    add(Kind.THROUGHPUT, "ssh, push", Server.OPENSSH, 65536, .4);
    assertEquals(
        "| SSH, exec in an open connection, ns | – | gate | 400000 | 1000000 or less | PASS |",
        gate("SSH, exec").get(0));
    assertEquals(
        "| SSH, into a command, both ends | ssh to sshd | gate | 1 | 0.8 or more | PASS |",
        gate("SSH, into a command, both ends | ssh").get(0));
    assertEquals(
        "| Penstock to Penstock | 0.4 | – | 400 | – | – | – |",
        gate("Penstock to Penstock").get(0));
  }

  @Test
  void aPageOfFewRoundsSaysSo() {
    relays(4.2, 4, 4.4, 4.1, 4);
    assertTrue(report().markdown("page").contains("2 of them are of fewer than 5 rounds"));
    add(Kind.THROUGHPUT, "relay, unix", Server.SOCAT_256, 65536, 2, 2, 2, 2, 2);
    assertFalse(report().markdown("page").contains("fewer than"));
  }

  @Test
  void whatWasNotMeasuredDoesNotPass() {
    relays(4.2);
    assertTrue(gate("TLS, 16 KiB chunks").get(0).endsWith("not measured |"));
    assertTrue(gate("poller, heap per idle connection, bytes").get(0).endsWith("not measured |"));
  }

  @Test
  void timesAreToldInMicroseconds() {
    add(Kind.P50, "tcp", Server.PENSTOCK_BLOCKING, 64, 12_500, 12_000, 13_000);
    assertEquals(
        List.of("| Penstock, blocking | 12.5 (12–13) | – | – | – | – | – | – | – |"),
        gate("Penstock, blocking"));
  }

  @Test
  void thePageOfThePipeTellsWhatCameOfTheGates(@TempDir Path folder) throws IOException {
    new Report(List.of(), List.of("Machine: of the test"), "", "").write(folder, "performance");
    Path pipe = folder.resolve("performance.md");
    assertTrue(Files.readAllLines(pipe).contains(ChannelReport.LINK));
    relays(3.6);
    report().write(folder, ChannelReport.NAME);
    String link = ChannelReport.LINK + ": **1 of 1 gates and 0 of 1 aims reached.**";
    assertTrue(Files.readAllLines(pipe).contains(link), () -> link);
    // Written again, it still does.
    new Report(List.of(), List.of("Machine: of the test"), "", "").write(folder, "performance");
    assertTrue(Files.readAllLines(pipe).contains(link));
  }

  @Test
  void eachPlotIsWellFormedAndNamedInTheText(@TempDir Path folder) throws Exception {
    relays(4.2, 4, 4.4);
    report().write(folder, ChannelReport.NAME);
    String text = Files.readString(folder.resolve("performance-channels.md"));
    assertTrue(text.contains("(performance-channels/relay-unix.svg)"), text);
    String svg = Files.readString(folder.resolve("performance-channels/relay-unix.svg"));
    var document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    // A bar for each of the three relays.
    assertEquals(3, document.getElementsByTagName("rect").getLength());
  }
}
