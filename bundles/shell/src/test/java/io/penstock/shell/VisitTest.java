// SPDX-License-Identifier: Apache-2.0
package io.penstock.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.error.ExitException;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Job;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A shell for one peer, with the real command processor and the real line editor. */
class VisitTest {
  private static final PrintStream OUT = System.out;
  private static final PrintStream ERR = System.err;
  private static final InputStream IN = System.in;

  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final String CTRL_C = "\3";
  private static final String LEFT = "\33OD";

  private final Penstock penstock = Penstock.open();
  private final ChannelPair bytes = penstock.channels().pair(ChannelOptions.defaults());
  private final ChannelPair errors = penstock.channels().pair(ChannelOptions.defaults());
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private final CompletableFuture<Visit> over = new CompletableFuture<>();
  private final Caller caller = new Caller();
  private final Channel peer = bytes.left();
  private final StringBuilder seen = new StringBuilder();
  private final ThreadIOImpl streams = new ThreadIOImpl();
  private final Blocking blocking = new Blocking();
  private final Pair pair = new Pair();
  private Commands commands;

  /** A command that ends by an interrupt only. */
  public static final class Blocking {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch interrupted = new CountDownLatch(1);

    /** The command. */
    public void block() throws InterruptedException {
      begun.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
    }
  }

  /** Two commands, and what happens between them. */
  public final class Pair {
    final CountDownLatch second = new CountDownLatch(1);
    private final CompletableFuture<Void> between = new CompletableFuture<>();
    private final CompletableFuture<Void> goOn = new CompletableFuture<>();

    /** The first; once it is over, and before the line goes on, somebody does something. */
    public void first(CommandSession session) {
      session.setJobListener(
          (job, before, now) -> {
            if (now == Job.Status.Done && !between.isDone()) {
              between.complete(null);
              goOn.join();
            }
          });
    }

    /** The second. */
    public void second() {
      second.countDown();
    }

    /** Presses Ctrl-C when the first is over. */
    void interrupt() throws Exception {
      between.get(20, TimeUnit.SECONDS);
      // What is typed later is seen later; it means nothing to a shell.
      type(CTRL_C + "#seen\r");
      until("#seen");
      goOn.complete(null);
    }
  }

  private final class Caller implements CallerFacet {
    final LinkedBlockingQueue<ExitException> told = new LinkedBlockingQueue<>();
    final CompletableFuture<Consumer<TerminalSize>> sizes = new CompletableFuture<>();
    final CompletableFuture<Consumer<String>> signals = new CompletableFuture<>();
    volatile ProgramRequest request = ProgramRequest.of(ProgramRequest.Kind.SHELL, new byte[0]);
    final CountDownLatch asked = new CountDownLatch(1);
    volatile CompletableFuture<Void> answers = CompletableFuture.completedFuture(null);

    @Override
    public ProgramRequest request() {
      asked.countDown();
      answers.join();
      return request;
    }

    @Override
    public ByteSink errorSink() {
      return errors.right().sink();
    }

    @Override
    public void exited(ExitException how) {
      told.add(how);
    }

    @Override
    public void onResize(Consumer<TerminalSize> observer) {
      sizes.complete(observer);
    }

    @Override
    public void onSignal(Consumer<String> observer) {
      signals.complete(observer);
    }
  }

  @BeforeEach
  void start() {
    // Whatever is printed through Gogo's streams after they have stopped, such as a late line of
    // the
    // log, puts them in place again.
    System.setOut(OUT);
    System.setErr(ERR);
    System.setIn(IN);
    streams.start();
    CommandProcessorImpl processor = new CommandProcessorImpl(streams);
    processor.addConstant(".context", blocking);
    processor.addCommand("gogo", processor, "addCommand");
    commands = new Commands(processor, System::getProperty);
    commands
        .standard()
        .forEach(
            (target, functions) ->
                functions.forEach(function -> processor.addCommand("gogo", target, function)));
    Function exit = Commands::exit;
    processor.addCommand("gogo", exit, Commands.EXIT);
    processor.addCommand("test", blocking, "block");
    processor.addCommand("test", pair, "first");
    processor.addCommand("test", pair, "second");
  }

  @AfterEach
  void stop() throws Exception {
    bytes.left().abort(new IOException("the test is over"));
    bytes.right().abort(new IOException("the test is over"));
    over.get(20, TimeUnit.SECONDS);
    penstock.close();
    streams.stop();
  }

  private Visit visit(ProgramRequest request) {
    caller.request = request;
    Channel channel =
        (Channel)
            Proxy.newProxyInstance(
                Channel.class.getClassLoader(),
                new Class<?>[] {Channel.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("gone")) {
                    return gone;
                  }
                  try {
                    return method.invoke(bytes.right(), args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    Visit visit = new Visit(channel, caller, commands, over::complete);
    visit.start();
    return visit;
  }

  private static ProgramRequest command(String text) {
    return ProgramRequest.of(ProgramRequest.Kind.COMMAND, text.getBytes(UTF_8));
  }

  private static ProgramRequest terminal() {
    return ProgramRequest.of(ProgramRequest.Kind.SHELL, new byte[0])
        .withTerminal("xterm", TerminalSize.of(132, 43));
  }

  private String output() throws IOException {
    return UTF_8.decode(peer.source().readAll(1 << 20, SOON)).toString();
  }

  private void type(String keys) throws IOException {
    peer.sink().writeFully(keys, SOON);
  }

  /** Waits until the terminal has shown a text since the last time. */
  private void until(String text) throws IOException {
    while (seen.indexOf(text) < 0) {
      more();
    }
    seen.delete(0, seen.indexOf(text) + text.length());
  }

  private void more() throws IOException {
    ByteBuffer some = ByteBuffer.allocate(999);
    int count;
    try {
      count = peer.source().read(some, SOON);
    } catch (IOException e) {
      throw new IOException("after " + seen, e);
    }
    if (count < 0) {
      throw new AssertionError("the end, after " + seen);
    }
    seen.append(UTF_8.decode(some.flip()));
  }

  @Test
  void commandHasOutputErrorsAndAStatus() throws Exception {
    visit(command("echo one; echo two %(20+22) | head -n 1; exit 7; echo three"));
    assertEquals("one\ntwo 42\n", output());
    assertEquals(7, caller.told.poll(20, TimeUnit.SECONDS).status());
  }

  @Test
  void commandThatDoesNotExistIsAFailureWithAReason() throws Exception {
    visit(command("nosuchcommand"));
    assertEquals("", output());
    assertEquals(1, caller.told.poll(20, TimeUnit.SECONDS).status());
    errors.right().close();
    String said = UTF_8.decode(errors.left().source().readAll(1 << 20, SOON)).toString();
    assertTrue(said.startsWith("penstock: ") && said.contains("nosuchcommand"), said);
  }

  @Test
  void commandsMayComeAsInput() throws Exception {
    visit(ProgramRequest.of(ProgramRequest.Kind.SHELL, new byte[0]));
    type("x = 40\necho %(x+2)\n");
    peer.sink().end();
    assertEquals("42\n", output());
    over.get(20, TimeUnit.SECONDS);
    assertEquals(0, caller.told.poll(20, TimeUnit.SECONDS).status());
  }

  @Test
  void subsystemIsRefused() throws Exception {
    visit(ProgramRequest.of(ProgramRequest.Kind.SUBSYSTEM, "sftp".getBytes(UTF_8)));
    assertEquals("", output());
    assertEquals(127, caller.told.poll(20, TimeUnit.SECONDS).status());
  }

  @Test
  void lineIsEditedAndCtrlCInterruptsAndExitEndsTheSession() throws Exception {
    visit(terminal());
    until("g! ");
    type("echo %(2+22)" + LEFT.repeat(4) + "0\r");
    until("42\r\n");
    until("g! ");
    type("block\r");
    assertTrue(blocking.begun.await(20, TimeUnit.SECONDS));
    type(CTRL_C);
    assertTrue(blocking.interrupted.await(20, TimeUnit.SECONDS), "Ctrl-C did not interrupt");
    until("g! ");
    // Of an unfinished line, too.
    type("nonsense" + CTRL_C);
    until("g! ");
    type("exit 5\r");
    assertEquals(5, caller.told.poll(20, TimeUnit.SECONDS).status());
    over.get(20, TimeUnit.SECONDS);
    assertFalse(bytes.right().isOpen());
  }

  @Test
  void ctrlCDiscardsWhatWasTypedBeforeIt() throws Exception {
    visit(terminal());
    until("g! ");
    type("block\r");
    assertTrue(blocking.begun.await(20, TimeUnit.SECONDS));
    type("nonsense" + CTRL_C);
    until("g! ");
    type("exit 5\r");
    assertEquals(5, caller.told.poll(20, TimeUnit.SECONDS).status());
  }

  @Test
  void ctrlCBetweenTwoCommandsOfALineLeavesTheLine() throws Exception {
    visit(terminal());
    until("g! ");
    type("first; second\r");
    pair.interrupt();
    until("g! ");
    assertEquals(1, pair.second.getCount(), "the second has run");
    // It was of that line only.
    type("second\r");
    assertTrue(pair.second.await(20, TimeUnit.SECONDS));
    // Commands are shown as ever.
    type("set -x; echo one\r");
    until("+echo one");
    until("one\r\n");
  }

  @Test
  void ctrlCBetweenTwoCommandsWithoutAShellLeavesTheSecondOut() throws Exception {
    visit(command("first; second").withTerminal("xterm", TerminalSize.of(132, 43)));
    pair.interrupt();
    assertEquals(130, caller.told.poll(20, TimeUnit.SECONDS).status());
    assertEquals(1, pair.second.getCount(), "the second has run");
  }

  @Test
  void exitInAShellWithinItEndsTheSessionAndNotTheContainer() throws Exception {
    visit(terminal());
    until("g! ");
    type("echo out; sh\r");
    until("out\r\n");
    until("g! ");
    type("exit 5\r");
    assertEquals(5, caller.told.poll(20, TimeUnit.SECONDS).status());
    over.get(20, TimeUnit.SECONDS);
    assertFalse(bytes.right().isOpen());
  }

  @Test
  void exitInAShellWithinACommandLeavesTheRestOut() throws Exception {
    visit(command("sh; echo 'the rest'").withTerminal("xterm", TerminalSize.of(132, 43)));
    until("g! ");
    type("exit 6\r");
    assertEquals(6, caller.told.poll(20, TimeUnit.SECONDS).status());
    over.get(20, TimeUnit.SECONDS);
    assertFalse(output().contains("the rest"));
  }

  @Test
  void exitInAScriptEndsTheSession() throws Exception {
    visit(command("sh --nointeractive -c exit 4; echo 'the rest'"));
    assertEquals("", output());
    assertEquals(4, caller.told.poll(20, TimeUnit.SECONDS).status());
  }

  @Test
  void outputThatIsNoTerminalsIsPlain() throws Exception {
    visit(command("echo one two | grep two; less x"));
    assertEquals("one two\n", output());
    assertEquals(1, caller.told.poll(20, TimeUnit.SECONDS).status());
    errors.right().close();
    String said = UTF_8.decode(errors.left().source().readAll(1 << 20, SOON)).toString();
    assertEquals("penstock: less: there is no terminal; ssh -t asks for one\n", said);
  }

  @Test
  void tooMuchInputIsRefused() throws Exception {
    visit(ProgramRequest.of(ProgramRequest.Kind.SHELL, new byte[0]));
    String line = "#".repeat(1 << 16);
    for (int sent = 0; sent < 16; sent++) {
      type(line);
    }
    type("#");
    assertEquals(1, caller.told.poll(20, TimeUnit.SECONDS).status());
    errors.right().close();
    String said = UTF_8.decode(errors.left().source().readAll(1 << 20, SOON)).toString();
    assertEquals("penstock: there are more than 1048576 bytes of commands\n", said);
  }

  @Test
  void endOfInputEndsTheSession() throws Exception {
    visit(terminal());
    until("g! ");
    type("\4");
    over.get(20, TimeUnit.SECONDS);
    assertEquals(0, caller.told.poll(20, TimeUnit.SECONDS).status());
  }

  @Test
  void sizeOfTheTerminalFollowsThePeers() throws Exception {
    visit(terminal());
    until("g! ");
    type("echo \"at first $COLUMNS\" $LINES\r");
    until("at first 132 43");
    caller.sizes.get(20, TimeUnit.SECONDS).accept(TerminalSize.of(100, 30));
    // It reaches the terminal some time after; what is shown is not what was typed.
    Pattern shown = Pattern.compile("at (\\d+) columns");
    while (true) {
      type("echo at $COLUMNS columns\r");
      Matcher columns = shown.matcher(seen);
      while (!columns.find(0)) {
        more();
        columns = shown.matcher(seen);
      }
      if (columns.group(1).equals("100")) {
        return;
      }
      assertEquals("132", columns.group(1));
      seen.setLength(0);
    }
  }

  @Test
  void peerThatGoesEndsWhatRuns() throws Exception {
    visit(command("block"));
    assertTrue(blocking.begun.await(20, TimeUnit.SECONDS));
    gone.complete(null);
    assertTrue(blocking.interrupted.await(20, TimeUnit.SECONDS));
    over.get(20, TimeUnit.SECONDS);
  }

  @Test
  void peerThatGoesBeforeItsSessionIsThereRunsNothing() throws Exception {
    caller.answers = new CompletableFuture<>();
    visit(command("block"));
    assertTrue(caller.asked.await(20, TimeUnit.SECONDS));
    gone.complete(null);
    // The thread that is told of it ends when it has nothing more to do.
    for (Thread each : Thread.getAllStackTraces().keySet()) {
      if (each.getName().matches("penstock-shell-\\d+-events")) {
        each.join(TimeUnit.SECONDS.toMillis(20));
      }
    }
    caller.answers.complete(null);
    over.get(20, TimeUnit.SECONDS);
    assertEquals(1, blocking.begun.getCount(), "the command has begun");
  }

  @Test
  void signalInterruptsACommandWithoutATerminal() throws Exception {
    visit(command("block"));
    assertTrue(blocking.begun.await(20, TimeUnit.SECONDS));
    caller.signals.get(20, TimeUnit.SECONDS).accept("INT");
    assertTrue(blocking.interrupted.await(20, TimeUnit.SECONDS));
    over.get(20, TimeUnit.SECONDS);
    assertTrue(caller.told.poll(20, TimeUnit.SECONDS).status() != 0);
  }

  @Test
  void commandOnATerminalHasIt() throws Exception {
    visit(command("block").withTerminal("../../no/such terminal", TerminalSize.of(0, 0)));
    assertTrue(blocking.begun.await(20, TimeUnit.SECONDS));
    type(CTRL_C);
    assertTrue(blocking.interrupted.await(20, TimeUnit.SECONDS));
    over.get(20, TimeUnit.SECONDS);
    assertEquals(
        Optional.empty(), Optional.ofNullable(caller.told.poll()).filter(e -> e.status() == 0));
  }
}
