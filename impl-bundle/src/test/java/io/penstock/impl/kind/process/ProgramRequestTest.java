// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.ProcessFacet;
import io.penstock.channel.facet.ProgramFacet;
import io.penstock.error.ExitException;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Terminator;
import java.io.IOException;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Children that are started because a peer has asked for a program. */
@ParameterizedClass
@MethodSource("modes")
class ProgramRequestTest {
  private static final ChannelOptions PLAIN = ChannelOptions.defaults();

  private final Peers peers;

  ProgramRequestTest(PosixAccess access) {
    peers = new Peers(new ProcessProvider(access));
  }

  static Stream<PosixAccess> modes() {
    return Modes.all();
  }

  @AfterEach
  void close() throws IOException {
    peers.close();
  }

  private static ProgramRequest command(String text) {
    return ProgramRequest.of(ProgramRequest.Kind.COMMAND, text.getBytes(UTF_8));
  }

  private static ProgramFacet program(Peer peer) {
    return peer.driver().facet(ProgramFacet.class).orElseThrow();
  }

  private static ExitException end(Peer peer) {
    CompletionException failed =
        assertThrows(
            CompletionException.class,
            () ->
                peer.driver()
                    .gone()
                    .toCompletableFuture()
                    .orTimeout(20, java.util.concurrent.TimeUnit.SECONDS)
                    .join());
    return assertInstanceOf(ExitException.class, failed.getCause());
  }

  private static String line(ByteSource source) throws IOException {
    return String.valueOf(source.readLine(UTF_8, 1000, Terminator.STRIP, Peers.LIMIT))
        .stripTrailing();
  }

  @Test
  void whatIsAskedForIsDataHoweverItIsWritten() throws IOException {
    String nasty = "a 'b' \"c\" $(touch /tmp/never) `id` ; & | \\ *\n--x";
    for (String endpoint :
        new String[] {
          "exec:sh -c 'printf %s \"$PENSTOCK_COMMAND\"'", "shell:printf %s \"$PENSTOCK_COMMAND\""
        }) {
      assertEquals(nasty, peers.connect(endpoint, PLAIN.withProgram(command(nasty))).readAll());
    }
    ProgramRequest subsystem =
        ProgramRequest.of(ProgramRequest.Kind.SUBSYSTEM, "sftp".getBytes(UTF_8));
    assertEquals(
        "sftp-",
        peers
            .connect(
                "shell:printf %s- \"$PENSTOCK_SUBSYSTEM$PENSTOCK_COMMAND\"",
                PLAIN.with("env.PENSTOCK_COMMAND", "ours").withProgram(subsystem))
            .readAll());
  }

  @Test
  void variablesOfThePeerComeBeforeThoseOfTheOptions() throws IOException {
    ProgramRequest request =
        command("x")
            .withEnvironment(Map.of("LC_ONE", "theirs $(id)", "LC_TWO", "theirs"))
            .withTerminal("../../evil", TerminalSize.of(80, 24));
    assertEquals(
        "theirs $(id)|ours|set",
        peers
            .connect(
                "shell:printf '%s|%s|%s' \"$LC_ONE\" \"$LC_TWO\" \"$TERM\"",
                PLAIN
                    .with("pty", "false")
                    .with("env.LC_TWO", "ours")
                    .with("env.TERM", "set")
                    .withProgram(request))
            .readAll());
    assertEquals(
        "none",
        peers
            .connect(
                "shell:printf '%s' \"${TERM-none}\"",
                PLAIN.with("pty", "false").with("clearEnv", "true").withProgram(request))
            .readAll());
  }

  @Test
  void commandThatCannotBeAVariableIsRefused() {
    ProgramRequest request = command("a\0b");
    IOException refused =
        assertThrows(
            IOException.class, () -> peers.connect("exec:true", PLAIN.withProgram(request)));
    assertTrue(refused.getMessage().contains("without NUL"), refused.getMessage());
  }

  @Test
  void standardErrorIsApartUnlessTheOptionsSayOtherwise() throws IOException {
    Peer child =
        peers.connect("shell:echo out; echo err >&2; exit 7", PLAIN.withProgram(command("x")));
    assertEquals("err", line(program(child).errorSource().orElseThrow()));
    assertEquals("out", line(child.source()));
    ExitException end = end(child);
    assertEquals(7, end.status());
    assertTrue(end.signal().isEmpty());
    Peer ours =
        peers.connect("exec:true", PLAIN.with("stderr", "inherit").withProgram(command("x")));
    assertTrue(program(ours).errorSource().isEmpty());
  }

  @Test
  void terminalIsThatOfThePeer() throws IOException {
    ProgramRequest request = command("x").withTerminal("xterm-256color", TerminalSize.of(132, 0));
    Peer child =
        peers.connect(
            "shell:trap 'stty size; exit' WINCH; echo $TERM; stty size; sleep 1000 & wait; wait; kill $!",
            PLAIN.withProgram(request));
    assertTrue(program(child).terminal().isPresent());
    assertTrue(program(child).errorSource().isEmpty());
    assertEquals("xterm-256color", line(child.source()));
    assertEquals("24 132", line(child.source()));
    program(child).terminal().orElseThrow().resize(new TerminalSize(0, 50, 1, 1));
    assertEquals("50 132", line(child.source()));
    child.abort();
    Peer plain = peers.connect("exec:tty", PLAIN.with("pty", "false").withProgram(request));
    assertTrue(program(plain).terminal().isEmpty());
    assertEquals("not a tty", line(plain.source()));
  }

  @Test
  void signalsReachTheChildAndItsGroup() throws IOException {
    Peer child =
        peers.connect("shell:trap 'echo usr1' USR1; echo on; while :; do sleep 0.01; done", PLAIN);
    assertEquals("on", line(child.source()));
    program(child).signal("USR1");
    assertEquals("usr1", line(child.source()));
    assertThrows(NotSupportedException.class, () -> program(child).signal("NOSUCH"));
    program(child).signal("KILL");
    assertEquals("KILL", end(child).signal().orElseThrow());
    // There is nobody any more, and nobody minds.
    program(child).signal("INT");
    Peer group =
        peers.connect(
            "shell:trap 'wait; exit 5' INT; sh -c 'trap \"echo inner; exit\" INT; echo on; while :; do sleep 0.01; done'",
            PLAIN.with("pty", "true"));
    assertEquals("on", line(group.source()));
    program(group).signal("INT");
    assertEquals("inner", line(group.source()));
    assertEquals(
        OptionalInt.of(5),
        group.driver().facet(ProcessFacet.class).orElseThrow().exitStatus(Peers.LIMIT));
  }
}
