// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penstock.error.NotSupportedException;
import java.io.File;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PosixAccessTest {
  private static final Logger LOG = Logger.getLogger("io.penstock");

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(line.getLevel() + " " + new SimpleFormatter().formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOG.addHandler(handler);
    LOG.setUseParentHandlers(false);
  }

  @AfterEach
  void stopListening() {
    LOG.removeHandler(handler);
    LOG.setUseParentHandlers(true);
  }

  private static Stream<PosixAccess> modes() {
    return Modes.all();
  }

  @Test
  void theBestModeOfThisJavaIsTakenAndSaidOnce() {
    PosixAccess access = new PosixAccess(null);
    assertEquals("auto", access.wish());
    assertFalse(access.known().toCompletableFuture().isDone());
    assertEquals(List.of(), lines);

    String best = Modes.hasForeign() ? "foreign" : "jna";
    assertEquals(best, access.mode().toString());
    assertEquals(best, access.mode().toString());

    assertEquals(List.of("INFO native calls by " + best), lines);
    assertEquals(access.mode(), access.known().toCompletableFuture().join());
  }

  @ParameterizedTest
  @MethodSource("modes")
  void aModeThatIsAskedForMakesRealCalls(PosixAccess access) throws Exception {
    assertEquals(access.wish(), access.mode().toString());
    Posix calls = access.calls("test", "a call");
    int fd =
        calls.socket(
            Linux.AF_UNIX, Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC | Linux.SOCK_NONBLOCK, 0);
    assertTrue(fd >= 0, "socket: " + fd);
    try {
      assertEquals(Linux.FD_CLOEXEC, calls.fcntl(fd, Linux.F_GETFD, 0));
      assertEquals(
          Linux.O_NONBLOCK | Linux.O_RDWR,
          calls.fcntl(fd, Linux.F_GETFL, 0) & (Linux.O_NONBLOCK | Linux.O_ACCMODE));
      ByteBuffer memory = ByteBuffer.allocateDirect(64).order(ByteOrder.nativeOrder());
      // An address is that of the beginning, wherever the position is.
      long address = calls.address(memory.position(8));
      memory.putInt(0, -1).putInt(16, 4);
      assertEquals(0, calls.getsockopt(fd, Linux.SOL_SOCKET, Linux.SO_TYPE, address, address + 16));
      assertEquals(Linux.SOCK_STREAM, memory.getInt(0));
      // Variadic, with an argument that is a pointer.
      memory.putInt(0, -1);
      assertEquals(0, calls.ioctl(fd, Linux.FIONREAD, address));
      assertEquals(0, memory.getInt(0));
      assertEquals(-Linux.ENOTCONN, calls.getpeername(fd, address, address + 16));
    } finally {
      assertEquals(0, calls.close(fd));
    }
    assertEquals(-Linux.EBADF, calls.close(fd));
    assertEquals(-Linux.EBADF, calls.dup3(fd, fd + 1, 0));
  }

  @Test
  void withoutCallsAnErrorNamesTheCure() {
    PosixAccess access = new PosixAccess("none");
    assertEquals(PosixAccess.Mode.NONE, access.mode());
    assertNull(access.calls());
    NotSupportedException e =
        assertThrows(NotSupportedException.class, () -> access.calls("unix:@x", "a thing"));
    for (String part :
        List.of("unix:@x", "a thing", "Java 22", "com.sun.jna", "io.penstock.native=none")) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
  }

  @Test
  void aModeThatCannotBeHadIsAnErrorAndNoOtherIsTaken() {
    assumeTrue(!Modes.hasForeign(), "this Java has java.lang.foreign");
    PosixAccess access = new PosixAccess("foreign");
    assertEquals(PosixAccess.Mode.NONE, access.mode());
    assertEquals(1, lines.size());
    String line = lines.get(0);
    assertTrue(line.startsWith("SEVERE io.penstock.native=foreign cannot be had"), line);
    assertTrue(line.contains("foreign needs Java 22 or later"), line);
    assertTrue(line.contains("com.sun.jna"), line);
  }

  @Test
  void whatModesNeedIsSaidInWords(@TempDir Path folder) throws Exception {
    String withoutJna =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !entry.contains("jna"))
            .collect(Collectors.joining(File.pathSeparator));
    File said = folder.resolve("said").toFile();
    assertEquals("none works", run(withoutJna, said, List.of("-Dio.penstock.native=jna")));
    String line = Files.readString(said.toPath());
    assertTrue(line.contains("jna needs the bundle com.sun.jna;"), line);
    assertFalse(line.contains("NoClassDefFoundError"), line);
  }

  @Test
  void whoAsksWhileThereAreNoThreadsLeavesItToTheNext() {
    AtomicInteger asked = new AtomicInteger();
    PosixAccess access =
        new PosixAccess(
            "foreign",
            () -> {
              if (asked.getAndIncrement() == 0) {
                throw new OutOfMemoryError("unable to create native thread");
              }
              throw new UnsupportedOperationException("planted");
            });
    assertThrows(OutOfMemoryError.class, access::mode);
    assertEquals(
        PosixAccess.Mode.NONE,
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> access.mode()));
    assertEquals(2, asked.get());
  }

  @Test
  void aLibraryOfAnotherVersionMakesNoCallsAndTheLogSaysSo() {
    // As JNA does, where it is told to take a library of the system.
    saysWhy(
        new Error("\n\nThere is an incompatible library\nExpected: 7\n"),
        "Error There is an incompatible library;");
  }

  @Test
  void whoAsksAgainHearsWhyItFailedAtFirst() {
    NoClassDefFoundError second = new NoClassDefFoundError("Could not initialize class Planted");
    second.initCause(new ExceptionInInitializerError("Exception Planted: not allowed"));
    saysWhy(second, "Exception Planted: not allowed;");
  }

  private void saysWhy(Error failure, String why) {
    PosixAccess access =
        new PosixAccess(
            "foreign",
            () -> {
              throw failure;
            });
    assertEquals(PosixAccess.Mode.NONE, access.mode());
    assertEquals(1, lines.size());
    String said = Modes.hasForeign() ? why : "foreign needs Java 22 or later;";
    assertTrue(lines.get(0).contains(said), lines.get(0));
  }

  @Test
  void whatMakesCallsOfOneTypeOnlyIsNotTaken() {
    InvocationHandler variadicOnly =
        (proxy, method, arguments) -> {
          if (method.getName().equals("fcntl")) {
            return -Linux.EBADF;
          }
          throw new UnsatisfiedLinkError(method.getName());
        };
    PosixAccess access =
        new PosixAccess(
            "foreign",
            () ->
                (Posix)
                    Proxy.newProxyInstance(
                        Posix.class.getClassLoader(), new Class<?>[] {Posix.class}, variadicOnly));
    assertEquals(PosixAccess.Mode.NONE, access.mode());
  }

  @Test
  void aWishThatIsNoModeIsReportedAndTakenAsAuto() {
    PosixAccess access = new PosixAccess(" quick ");
    assertEquals("auto", access.wish());
    assertEquals(1, lines.size());
    assertTrue(lines.get(0).contains("io.penstock.native=quick is not allowed"), lines.get(0));
  }

  @Test
  void everybodyGetsTheSameWhoeverAsksFirst() {
    PosixAccess access = new PosixAccess("auto");
    List<Object> seen =
        Stream.generate(() -> 0).limit(50).parallel().map(i -> (Object) access.calls()).toList();
    assertEquals(1, seen.stream().distinct().count());
    assertEquals(1, lines.size());
  }

  @Test
  void whereNativeAccessIsDeniedEverythingElseWorks() throws Exception {
    assumeTrue(Runtime.version().feature() >= 24, "this Java denies nothing");
    assertEquals("none works", run("--illegal-native-access=deny"));
    assertEquals(
        "foreign works", run("--illegal-native-access=deny", "--enable-native-access=ALL-UNNAMED"));
  }

  @Test
  void theSystemPropertyAsksForAMode() throws Exception {
    assertEquals("none works", run("-Dio.penstock.native=none"));
    assertEquals("jna works", run("-Dio.penstock.native=jna"));
  }

  @Test
  void aProgramThatAsksForNothingIsToldNothing(@TempDir Path folder) throws Exception {
    File said = folder.resolve("said").toFile();
    List<String> options =
        Modes.hasForeign() ? List.of("--enable-native-access=ALL-UNNAMED") : List.of();
    String best = Modes.hasForeign() ? "foreign" : "jna";
    assertEquals(best + " works", run(System.getProperty("java.class.path"), said, options));
    assertEquals("", Files.readString(said.toPath()));
  }

  private static String run(String... options) throws Exception {
    return run(System.getProperty("java.class.path"), new File("/dev/null"), List.of(options));
  }

  private static String run(String classPath, File said, List<String> options) throws Exception {
    List<String> command = new ArrayList<>(options);
    command.add(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", classPath, PosixMain.class.getName()));
    Process program = new ProcessBuilder(command).redirectError(said).start();
    try {
      String answer = new String(program.getInputStream().readAllBytes(), UTF_8).strip();
      assertTrue(program.waitFor(20, TimeUnit.SECONDS));
      return answer;
    } finally {
      assertDoesNotThrow(program::destroyForcibly);
    }
  }
}
