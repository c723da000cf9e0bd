// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.error.AddressException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Each case in a process of its own, whose standard streams a shell arranges. */
@ParameterizedClass
@ValueSource(strings = {"none", "jna", "foreign"})
class StdioProviderTest {
  @TempDir Path folder;

  private final String mode;

  StdioProviderTest(String mode) {
    assumeTrue(!mode.equals("foreign") || Modes.hasForeign(), "this Java is too old");
    this.mode = mode;
  }

  private ProcessBuilder shell(String script) {
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-ec", script);
    builder.directory(folder.toFile());
    builder
        .environment()
        .put(
            "RUN",
            Path.of(System.getProperty("java.home"), "bin", "java")
                + " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
                + (Modes.hasForeign() ? "--enable-native-access=ALL-UNNAMED " : "")
                + "-Dio.penstock.native="
                + mode
                + " -cp "
                + System.getProperty("java.class.path")
                + " "
                + StdioMain.class.getName());
    builder.redirectErrorStream(true);
    return builder;
  }

  /** What a script prints; it must succeed. */
  private String run(String script) throws IOException, InterruptedException {
    Process process = shell(script).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "still running: " + script);
    assertEquals(0, process.exitValue(), output);
    return output;
  }

  @Test
  void copiesAPipe() throws Exception {
    assertEquals("hello\n", run("echo hello | $RUN copy"));
  }

  @Test
  void copiesManyBytes() throws Exception {
    String sum = run("head -c 30000000 /dev/urandom | tee f | $RUN copy | cksum; cksum < f");
    String[] sums = sum.split("\n");
    assertEquals(sums[0], sums[1]);
  }

  @Test
  void copiesAFileAndAppendsWhereTheOffsetIs() throws Exception {
    assertEquals(
        "before\none\ntwo\nafter\n",
        run(
            "printf 'one\\ntwo\\n' > in; (echo before; $RUN copy < in; echo after) > out; cat out"));
    assertEquals(
        "before\none\ntwo\nafter\n",
        run("echo before > out; $RUN copy < in >> out; echo after >> out; cat out"));
  }

  @Test
  void copiesDevices() throws Exception {
    assertEquals("", run("$RUN copy < /dev/null; echo x | $RUN copy > /dev/null"));
  }

  @Test
  void copiesAFifoWhoseWriterHasGone() throws Exception {
    assertEquals("hello\n", run("mkfifo f; (echo hello > f) & $RUN copy < f"));
  }

  /** What is one socket for us and for others stays as it is: their calls wait. */
  @Test
  void sharesASocketWithoutChangingItsMode() throws Exception {
    String script =
        """
        import hashlib, os, random, socket, subprocess, sys, threading
        ours, theirs = socket.socketpair()
        run = subprocess.Popen(sys.argv[1].split(), stdin=theirs, stdout=theirs)
        ours.sendall(b"hello ")
        assert ours.recv(6, socket.MSG_WAITALL) == b"hello "
        assert os.get_blocking(theirs.fileno())
        data = random.Random(7).randbytes(3000000)
        sender = threading.Thread(target=ours.sendall, args=(data,))
        sender.start()
        got = ours.recv(len(data), socket.MSG_WAITALL)
        sender.join()
        assert got == data
        assert os.get_blocking(theirs.fileno())
        ours.shutdown(socket.SHUT_WR)
        assert run.wait(60) == 0
        theirs.close()
        assert ours.recv(1) == b""
        """;
    assertEquals("", run("exec python3 -c '" + script + "' \"$RUN copy\""));
  }

  @Test
  void takesNothingWhenOnlyWritten() throws Exception {
    assertEquals("written\nrest\n", run("echo rest | { $RUN write; cat; }"));
    assertEquals("written\nrest\n", run("echo rest > f; { $RUN write; cat; } < f"));
  }

  @Test
  void leavesToOthersWhatCameAfterItsClose() throws Exception {
    assertEquals(
        "one\ntwo\n",
        run("mkfifo go; { echo one; read x < go; echo two; } | { $RUN line; echo > go; cat; }"));
  }

  @Test
  void aReaderThatWaitsIsReleasedAndDescriptorZeroStays() throws Exception {
    Process process = shell("exec $RUN release").start();
    byte[] released = process.getInputStream().readNBytes("released\n".length());
    assertEquals("released\n", new String(released, UTF_8));
    try (OutputStream in = process.getOutputStream()) {
      in.write('x');
    }
    String rest = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), rest);
  }

  @Test
  void aReaderOfOurOutputThatHasGoneIsABrokenPipe() throws Exception {
    assertEquals("0\n", run("{ $RUN broken; echo $? > status; } | true; cat status"));
  }

  @Test
  void theEndIsSeenWhileTheProcessLives() throws Exception {
    ProcessBuilder builder = shell("exec $RUN end");
    builder.redirectErrorStream(false);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = builder.start();
    assertEquals("all", new String(process.getInputStream().readAllBytes(), UTF_8));
    assertTrue(process.isAlive());
    process.getOutputStream().close();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
  }

  @Test
  void anAbortIsNoEnd() throws Exception {
    assertEquals("part and the rest", run("$RUN abort"));
  }

  /** 32 KiB and 16 KiB are asked for, then 64 KiB of each, whichever has a buffer that we reach. */
  @Test
  void buffersOfPipesAndSocketsAreToldAndSet() throws Exception {
    boolean calls = !mode.equals("none");
    assertEquals(
        calls ? "32768 65536, 16384 65536\n" : "none\n",
        run("sleep 0 | $RUN buffers | { read x; echo $x; }"));
    assertEquals(
        calls ? "no input, 16384 65536\n" : "none\n",
        run("$RUN buffers < /dev/null | { read x; echo $x; }"));
    assertEquals(
        calls ? "32768 65536, no output\n" : "none\n", run("sleep 0 | $RUN buffers > f; cat f"));
    assertEquals("none\n", run("$RUN buffers < /dev/null > f; cat f"));
    String script =
        """
        import socket, subprocess, sys
        ours, theirs = socket.socketpair()
        run = subprocess.Popen(sys.argv[1].split(), stdin=theirs, stdout=theirs)
        print(ours.makefile().readline(), end="")
        assert run.wait(60) == 0
        """;
    assertEquals(
        calls ? "32768 65536, 16384 65536\n" : "none\n",
        run("exec python3 -c '" + script + "' \"$RUN buffers\""));
  }

  @Test
  void hasNoAddress() throws IOException {
    try (Peers peers = new Peers(new StdioProvider(new PosixAccess(mode)))) {
      AddressException e = assertThrows(AddressException.class, () -> peers.connect("stdio:x"));
      assertEquals(AddressException.Kind.INVALID, e.kind());
    }
  }
}
