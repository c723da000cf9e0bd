// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.ExitException;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ToolTest {
  private final Fakes fakes = new Fakes();

  private static RelayException failure(String endpoint, String what) {
    return new RelayException(Endpoint.parse(endpoint), what, 0, new IOException("cause"));
  }

  private RelayOptions options() {
    return fakes.requests.get(0).options();
  }

  @Test
  void aRelayThatSucceedsIsSilent() {
    assertEquals(0, fakes.run("relay", "stdio:", "exec:tr a-z A-Z"));
    assertEquals("", fakes.out());
    assertEquals("", fakes.err());
    assertEquals(Endpoint.parse("stdio:"), fakes.requests.get(0).from());
    assertEquals(Endpoint.parse("exec:tr a-z A-Z"), fakes.requests.get(0).to());
    assertTrue(fakes.relay.closed);
  }

  @Test
  void theDefaultsAreThoseOfTheServices() {
    fakes.run("relay", "-", "echo:");
    assertFalse(options().oneWay());
    assertFalse(options().fork());
    assertEquals(RelayOptions.DEFAULT_BUFFER, options().buffer());
    assertEquals(Wait.forever(), options().idle());
    assertEquals(Wait.forever(), options().total());
    assertEquals(Wait.forever(), options().linger());
    assertEquals(Duration.ofSeconds(10), options().from().connectTimeout());
    assertEquals(Integer.MAX_VALUE, options().maxConnections());
  }

  @Test
  void everyOptionReachesTheRelay() {
    int status =
        fakes.run(
            "relay",
            "-u",
            "--connect-timeout",
            "250ms",
            "--idle-timeout=PT3S",
            "--total-timeout",
            "1h",
            "--linger",
            "0s",
            "--buffer",
            "64KiB",
            "--from",
            "backlog=5",
            "--from",
            "strange=a=b",
            "--to",
            "connectTimeout=7s",
            "--fork",
            "--max-connections",
            "3",
            "--memory-limit",
            "8MiB",
            "--",
            "tcp-listen://127.0.0.1:0",
            "exec:cat -n");
    assertEquals("", fakes.err());
    assertEquals(0, status);
    assertTrue(options().oneWay());
    assertTrue(options().fork());
    assertEquals(3, options().maxConnections());
    assertEquals(8 << 20, options().memoryLimit());
    assertEquals(65536, options().buffer());
    assertEquals(Wait.upTo(Duration.ofSeconds(3)), options().idle());
    assertEquals(Wait.upTo(Duration.ofHours(1)), options().total());
    assertEquals(Wait.upTo(Duration.ZERO), options().linger());
    assertEquals(Duration.ofMillis(250), options().from().connectTimeout());
    assertEquals(5, options().from().backlog());
    assertEquals(Map.of("strange", "a=b"), options().from().extra());
    assertEquals(Duration.ofSeconds(7), options().to().connectTimeout());
  }

  @Test
  void optionsMayStandAfterTheEndpoints() {
    assertEquals(0, fakes.run("relay", "stdio:", "exec:date", "-u"));
    assertTrue(options().oneWay());
  }

  @Test
  void afterTwoDashesEverythingIsAnEndpoint() {
    assertEquals(2, fakes.run("relay", "--", "-u", "exec:date"));
    assertTrue(fakes.err().startsWith("penstock: FROM: '-u' is not an endpoint"), fakes.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "exec:sh -c 'echo \"a b\"'",
        "exec:--strange",
        "shell:echo @file; echo ${HOME} $((1+1))",
        "exec:a=b",
        "exec:x,y,z"
      })
  void aCommandIsHandedOnVerbatim(String command) {
    assertEquals(0, fakes.run("relay", "stdio:", command));
    assertEquals(command, fakes.requests.get(0).to().toString());
  }

  @Test
  void listenersAreAnnouncedBeforeTheStart() {
    fakes.relay.listeners.add(Fakes.listener("tcp-listen://127.0.0.1:41234?backlog=3"));
    fakes.relay.listeners.add(Fakes.listener("unix-listen:/run/x"));
    StringBuilder before = new StringBuilder();
    fakes.onStart =
        options -> {
          before.append(fakes.err());
          fakes.relay.completed.complete(null);
        };
    assertEquals(0, fakes.run("relay", "tcp-listen://127.0.0.1:0", "unix-listen:/run/x"));
    assertEquals(
        "listening tcp-listen://127.0.0.1:41234\nlistening unix-listen:/run/x\n",
        before.toString());
    assertEquals(before.toString(), fakes.err());
  }

  @Test
  void aFailureIsOneLineAndStatus1() {
    fakes.relay.completed.completeExceptionally(
        failure("exec:sh -c 'exit 7'", "exited with status 7"));
    assertEquals(1, fakes.run("relay", "stdio:", "exec:sh -c 'exit 7'"));
    assertEquals("penstock: exec:sh ... exited with status 7\n", fakes.err());
  }

  @Test
  void aFailureStaysOneLineWhateverTheAddress() {
    fakes.relay.completed.completeExceptionally(failure("unix:a\nb", "refused the connection"));
    assertEquals(1, fakes.run("relay", "stdio:", "unix:a\nb"));
    assertEquals("penstock: unix:a\\nb refused the connection\n", fakes.err());
  }

  @Test
  void verboseAddsTheStackTraceAndTheCounts() {
    fakes.relay.completed.completeExceptionally(failure("tcp://h:1", "refused the connection"));
    assertEquals(1, fakes.run("-v", "relay", "stdio:", "tcp://h:1"));
    List<String> lines = fakes.err().lines().toList();
    assertEquals("penstock: tcp://h:1 refused the connection", lines.get(0));
    assertTrue(fakes.err().contains("\tat io.penstock.cli.ToolTest"), fakes.err());
    assertTrue(fakes.err().contains("Caused by: java.io.IOException: cause"), fakes.err());
  }

  @Test
  void verboseSuccessSaysHowMuchWentWhichWay() {
    assertEquals(0, fakes.run("relay", "-v", "stdio:", "echo:"));
    assertTrue(
        fakes.err().matches("penstock: 1.5 KiB forwarded, 7 B returned, \\d+\\.\\d s\n"),
        fakes.err());
  }

  @Test
  void aLiveLineIsErasedBeforeTheLastOne() {
    fakes.terminal = true;
    assertEquals(0, fakes.run("relay", "-v", "stdio:", "echo:"));
    assertTrue(fakes.err().startsWith("\r\033[K"), fakes.err());
    assertTrue(fakes.err().endsWith(" s\n"), fakes.err());
  }

  @Test
  void anAddressThatCannotBeBoundIsStatus1() {
    fakes.refusal =
        new AddressException(
            AddressException.Kind.IN_USE, "tcp-listen://127.0.0.1:80", "Address in use", null);
    assertEquals(1, fakes.run("relay", "tcp-listen://127.0.0.1:80", "echo:"));
    assertEquals("penstock: tcp-listen://127.0.0.1:80 is in use: Address in use\n", fakes.err());
  }

  @Test
  void whatTheFactoryTakesForMisuseIsStatus2() {
    fakes.refusal = new IllegalArgumentException("tcp: unknown option 'nodeley'; known: nodelay");
    assertEquals(2, fakes.run("relay", "--to", "nodeley=true", "stdio:", "tcp://h:1"));
    assertEquals("penstock: tcp: unknown option 'nodeley'; known: nodelay\n", fakes.err());
  }

  @Test
  void anAddressThatCanBeNoneIsStatus2() {
    fakes.refusal =
        new AddressException(
            AddressException.Kind.INVALID, "tcp://h", "expected tcp://HOST:PORT", null);
    assertEquals(2, fakes.run("relay", "stdio:", "tcp://h"));
    assertEquals("penstock: tcp://h is not valid: expected tcp://HOST:PORT\n", fakes.err());
  }

  @Test
  void aValueThatIsRefusedOnlyWhenItsKindIsOpenedIsStatus2() {
    fakes.relay.completed.completeExceptionally(
        new RelayException(
            Endpoint.parse("odd:x"),
            "could not be opened: size: 'no' is not allowed; expected 1 to 9",
            0,
            new IllegalArgumentException("size: 'no' is not allowed; expected 1 to 9")));
    assertEquals(2, fakes.run("relay", "stdio:", "unix:x"));
  }

  @Test
  void withForkEachFailedConnectionIsALineAndTheServerGoesOn() throws Exception {
    fakes.onStart =
        options -> {
          options.observer().parted(null, failure("tcp://h:1", "refused the connection"));
          options.observer().parted(Fakes.channel("tcp-listen://h:2"), null);
          options
              .observer()
              .parted(
                  Fakes.channel("tcp-listen://h:2"),
                  failure("tcp-listen://h:2", "reset the connection"));
        };
    Tool tool = fakes.tool();
    FutureTask<Integer> run =
        new FutureTask<>(() -> tool.run("relay", "--fork", "tcp-listen://h:2", "tcp://h:1"));
    Thread main = new Thread(run);
    main.start();
    fakes.relay.started.await();
    fakes.relay.completed.completeExceptionally(failure("tcp-listen://h:2", "has gone"));
    assertEquals(1, run.get());
    assertEquals(
        """
        penstock: tcp://h:1 refused the connection
        penstock: tcp-listen://h:2 reset the connection
        penstock: tcp-listen://h:2 has gone
        """,
        fakes.err());
  }

  @Test
  void withoutForkTheFailureIsReportedOnce() {
    fakes.onStart =
        options -> {
          RelayException failure = failure("tcp://h:1", "refused the connection");
          options.observer().parted(null, failure);
          fakes.relay.completed.completeExceptionally(failure);
        };
    assertEquals(1, fakes.run("relay", "stdio:", "tcp://h:1"));
    assertEquals("penstock: tcp://h:1 refused the connection\n", fakes.err());
  }

  @Test
  void verboseTellsOfConnections() {
    fakes.onStart =
        options -> {
          options.observer().joined(Fakes.channel("tcp-listen://h:2"), Fakes.channel("echo:"));
          options.observer().parted(Fakes.channel("tcp-listen://h:2"), null);
          fakes.relay.completed.complete(null);
        };
    assertEquals(0, fakes.run("relay", "-v", "--fork", "tcp-listen://h:2", "echo:"));
    List<String> lines = fakes.err().lines().toList();
    assertEquals("penstock: joined tcp-listen://h:2 and echo:", lines.get(0));
    assertEquals("penstock: done with tcp-listen://h:2", lines.get(1));
    assertEquals(3, lines.size());
  }

  @Test
  void stoppingClosesTheRelayAndReportsNothing() throws Exception {
    fakes.onStart = options -> {};
    Tool tool = fakes.tool();
    FutureTask<Integer> run = new FutureTask<>(() -> tool.run("relay", "stdio:", "echo:"));
    Thread main = new Thread(run);
    main.start();
    fakes.relay.started.await();
    tool.stop();
    run.get();
    assertTrue(fakes.relay.closed);
    assertEquals("", fakes.err());
  }

  @Test
  void stoppingBeforeTheRelayIsMadeClosesIt() throws InterruptedException, ExecutionException {
    Tool tool = fakes.tool();
    tool.stop();
    tool.run("relay", "stdio:", "echo:");
    assertTrue(fakes.relay.closed);
    assertEquals(1, fakes.relay.started.getCount());
  }

  @Test
  void aChildEndedByTheSignalThatEndsTheProgramIsNoFailure() throws Exception {
    fakes.onStart =
        options ->
            fakes.relay.completed.completeExceptionally(
                new RelayException(
                    Endpoint.parse("exec:cat"),
                    "was ended by signal 2",
                    0,
                    new ExitException("exec:cat", 130, "was ended by signal 2")));
    Tool tool = fakes.tool();
    FutureTask<Integer> run = new FutureTask<>(() -> tool.run("relay", "stdio:", "exec:cat"));
    Thread main = new Thread(run);
    main.start();
    fakes.relay.started.await();
    tool.stop();
    assertEquals(1, run.get());
    assertEquals("", fakes.err());
  }

  @Test
  void withForkAChildEndedByTheSignalThatEndsTheProgramIsNoFailure() throws Exception {
    fakes.onStart =
        options ->
            options
                .observer()
                .parted(
                    null,
                    new RelayException(
                        Endpoint.parse("exec:cat"),
                        "was ended by signal 2",
                        0,
                        new ExitException("exec:cat", 130, "was ended by signal 2")));
    Tool tool = fakes.tool();
    FutureTask<Integer> run =
        new FutureTask<>(() -> tool.run("relay", "--fork", "tcp-listen://h:2", "exec:cat"));
    Thread main = new Thread(run);
    main.start();
    fakes.relay.started.await();
    tool.stop();
    run.get();
    assertEquals("", fakes.err());
  }

  @Test
  void aChildEndedByASignalOfItsOwnIsAFailure() {
    fakes.relay.completed.completeExceptionally(
        new RelayException(
            Endpoint.parse("exec:cat"),
            "was ended by signal 15",
            0,
            new ExitException("exec:cat", 143, "was ended by signal 15")));
    assertEquals(1, fakes.run("relay", "stdio:", "exec:cat"));
    assertEquals("penstock: exec:cat was ended by signal 15\n", fakes.err());
  }

  @Test
  void overSshTheStatusIsThatOfTheProgram() {
    fakes.relay.completed.completeExceptionally(
        new RelayException(
            Endpoint.parse("ssh://h?exec=x"),
            "exited with status 7",
            0,
            new ExitException("ssh://h?exec=x", 7, "exited with status 7")));
    assertEquals(7, fakes.run("relay", "stdio:", "ssh://h?exec=x"));
  }

  @Test
  void variablesThatReachTheProgramAreNamed() {
    fakes.run("relay", "--accept-env", "LANG, MY_*", "tcp-listen://h:2", "exec:cat");
    assertEquals(List.of("LANG", "MY_*"), fakes.requests.get(0).options().variables());
    fakes.run("relay", "--accept-env", "", "tcp-listen://h:2", "exec:cat");
    assertEquals(List.of(), fakes.requests.get(1).options().variables());
    assertEquals(2, fakes.run("relay", "--accept-env", "A=B", "tcp-listen://h:2", "exec:cat"));
    assertTrue(fakes.err().contains("--accept-env"), fakes.err());
  }

  @Test
  void aFailureWhileTheMachineEndsIsItsConsequenceAndNotReported() {
    fakes.ending = true;
    fakes.relay.completed.completeExceptionally(failure("exec:cat", "was ended by signal 2"));
    assertEquals(1, fakes.run("relay", "stdio:", "exec:cat"));
    assertEquals("", fakes.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          relay | FROM and TO are missing; see 'penstock relay --help'
          relay stdio: | TO is missing; see 'penstock relay --help'
          relay stdio: echo: x | unexpected argument 'x' after FROM and TO; an endpoint with spaces in it is quoted; see 'penstock relay --help'
          relay --frok stdio: echo: | unknown option '--frok'; known: --accept-env, --buffer, --connect-timeout, --fork, --from, --help, --idle-timeout, --linger, --log, --max-connections, --memory-limit, --remote, --to, --total-timeout, --verbose, -u; did you mean '--fork'?; see 'penstock relay --help'
          rely | unknown command 'rely'; known: relay, run, ctl, help; did you mean 'relay'?; see 'penstock --help'
          ctl | COMMAND is missing; see 'penstock ctl --help'
          ctl --scoket x pipes | unknown option '--scoket'; known: --help, --socket, --verbose; did you mean '--socket'?; see 'penstock ctl --help'
          run x | unexpected argument 'x'; see 'penstock run --help'
          --nope | unknown option '--nope'; known: --help, --verbose, --version; see 'penstock --help'
          `` | no command given; known: relay, run, ctl, help; see 'penstock --help'
          relay --buffer 12kb stdio: echo: | --buffer: '12kb' is not a size; expected a number of bytes, or one with KiB, MiB or GiB, such as 64KiB
          relay --buffer 0 stdio: echo: | --buffer: buffer is 0 bytes, expected 1 byte to 1GiB
          relay --idle-timeout 5 stdio: echo: | --idle-timeout: '5' is not a duration; expected a number with ms, s, m or h, such as 250ms, or ISO-8601 such as PT10S
          relay --idle-timeout 0s stdio: echo: | --idle-timeout: '0s' is not more than zero
          relay --remote nats://a:1 stdio: echo: | --remote needs an endpoint remote:NAME, which is looked up there
          relay --total-timeout 0s stdio: echo: | --total-timeout: '0s' is not more than zero
          relay --connect-timeout 0s stdio: echo: | --connect-timeout: '0s' is not more than zero
          relay --linger soon stdio: echo: | --linger: 'soon' is not a duration; expected a number with ms, s, m or h, such as 250ms, or ISO-8601 such as PT10S
          relay --fork --max-connections 0 tcp-listen://*:0 echo: | --max-connections: '0' is not a number from 1 to 2147483647
          relay --fork --max-connections x tcp-listen://*:0 echo: | --max-connections: 'x' is not a number from 1 to 2147483647
          relay --memory-limit 64 stdio: echo: | --memory-limit: memoryLimit is 64, expected 64KiB or more
          relay --max-connections 3 tcp-listen://*:0 echo: | --max-connections needs --fork; without it there is one connection
          relay --from x stdio: echo: | --from: 'x' is not an option; expected KEY=VALUE
          relay --from =x stdio: echo: | --from: '=x' is not an option; expected KEY=VALUE
          relay --from backlog=0 tcp-listen://*:0 echo: | --from: backlog: '0' is not allowed; expected a number from 1 to 2147483647
          relay --from a=1 --from a=2 stdio: echo: | --from: option 'a' is given twice
          relay --to a=1 stdio: unix:x?a=2 | --to: option 'a' is given twice
          relay stdio: unix:x?closeTimeout=soon | TO: closeTimeout: 'soon' is not a duration; expected a number with ms, s, m or h, such as 250ms, or ISO-8601 such as PT10S
          relay --fork stdio: echo: | --fork needs a FROM that listens, such as tcp-listen:// or unix-listen:, but it is stdio:
          relay --fork tcp-listen://*:0 - | --fork needs a TO that each connection can have for itself, but stdio: is there only once
          relay --fork tcp-listen://*:0 unix-listen:x | --fork needs a TO that each connection can have for itself, but unix-listen: listens
          relay - - | stdio: on both sides would read standard input twice; with -u it is copied to standard output
          relay foo:bar echo: | FROM: unknown scheme 'foo': no provider with penstock.scheme=foo is installed; known schemes: echo, exec, fd, fifo, sftp-server, shell, ssh, stdio, tcp, tcp-listen, unix, unix-listen
          relay stdio: nonsense | TO: 'nonsense' is not an endpoint; expected SCHEME:ADDRESS, such as tcp://localhost:80; known schemes: echo, exec, fd, fifo, sftp-server, shell, ssh, stdio, tcp, tcp-listen, unix, unix-listen
          help nope | unknown command 'nope'; known: relay, run, ctl, help; see 'penstock --help'
          help rnu | unknown command 'rnu'; known: relay, run, ctl, help; did you mean 'run'?; see 'penstock --help'
          relay tpc://h:1 echo: | FROM: unknown scheme 'tpc': no provider with penstock.scheme=tpc is installed; known schemes: echo, exec, fd, fifo, sftp-server, shell, ssh, stdio, tcp, tcp-listen, unix, unix-listen; did you mean 'tcp'?
          relay --idle-timeot=5s stdio: echo: | unknown option '--idle-timeot=5s'; known: --accept-env, --buffer, --connect-timeout, --fork, --from, --help, --idle-timeout, --linger, --log, --max-connections, --memory-limit, --remote, --to, --total-timeout, --verbose, -u; did you mean '--idle-timeout'?; see 'penstock relay --help'
          relay --log tcp stdio: echo: | --log: 'tcp' is not LOGGER=LEVEL
          relay --log io.penstock=dbug stdio: echo: | --log: 'dbug' is not allowed; expected trace, debug, info, warn, error or off; did you mean 'debug'?
          run --log io.penstock=loud | --log: 'loud' is not allowed; expected trace, debug, info, warn, error or off
          relay stdio: pipe:x | TO: pipe: names something inside a container, and this relay has one of its own; use it in a configuration io.penstock.Relay~NAME of 'penstock run --conf DIR' (a FIFO is fifo:PATH)
          relay mem-listen:x echo: | FROM: mem-listen: names something inside a container, and this relay has one of its own; use it in a configuration io.penstock.Relay~NAME of 'penstock run --conf DIR'
          relay mem:x echo: | FROM: mem: names something inside a container, and this relay has one of its own; use it in a configuration io.penstock.Relay~NAME of 'penstock run --conf DIR'
          relay TCP-LISTEN:80,fork echo: | FROM: 'TCP-LISTEN' is socat's spelling; write 'tcp-listen://*:80' with --fork (options follow a ? as KEY=VALUE)
          """)
  void badArgumentsAreOneLineAndStatus2(String line, String message) {
    String[] args = line.isEmpty() ? new String[0] : line.split(" ");
    assertEquals(2, fakes.run(args));
    assertEquals("penstock: " + message + "\n", fakes.err());
    assertEquals("", fakes.out());
    assertEquals(List.of(), fakes.requests);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--buffer", "--from"})
  void anOptionWithoutItsValueIsNamed(String option) {
    assertEquals(2, fakes.run("relay", "stdio:", "echo:", option));
    assertTrue(fakes.err().contains("'" + option), fakes.err());
    assertEquals(1, fakes.err().lines().count());
  }

  @Test
  void standardInputIsCopiedToStandardOutputOneWay() {
    assertEquals(0, fakes.run("relay", "-u", "-", "-"));
  }

  @Test
  void aDescriptorThatWasGivenGoesOverToTheRelay() {
    assertEquals(0, fakes.run("relay", "fd:5", "fd:13"));
    RelayOptions options = fakes.requests.get(0).options();
    assertEquals("true", options.from().extra().get("own"));
    assertEquals("true", options.to().extra().get("own"));
    assertEquals(0, fakes.run("relay", "stdio:", "echo:"));
    assertNull(fakes.requests.get(1).options().from().extra().get("own"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          fd:4 echo:           | FROM: fd:4: the program was not given that descriptor; it was given 5, 13
          echo: fd:4           | TO: fd:4: the program was not given that descriptor; it was given 5, 13
          fd:05 echo:          | FROM: fd:05: the program was not given that descriptor; it was given 5, 13
          fd:4?own=true echo:  | FROM: option 'own' is for programs; here a descriptor is always given away
          --from own=true fd:5 echo: | --from: option 'own' is given twice
          fd:5 fd:5            | fd:5 on both sides would be closed by the one before the other
          --fork tcp-listen://127.0.0.1:0 fd:5 | --fork needs a TO that each connection can have for itself, but fd: is there only once
          """)
  void otherDescriptorsAreRefused(String line, String refusal) {
    assertEquals(2, fakes.run(("relay " + line).split(" ")));
    assertTrue(fakes.err().contains(refusal), fakes.err());
    assertEquals(0, fakes.requests.size());
  }

  @Test
  void whereNobodyHasNotedWhatWasGivenNoDescriptorIsTaken() {
    fakes.inherited = null;
    assertEquals(2, fakes.run("relay", "fd:5", "echo:"));
    assertTrue(fakes.err().contains("start it with the script penstock"), fakes.err());
  }

  @Test
  void versionIsOneLine() {
    assertEquals(0, fakes.run("--version"));
    assertEquals("penstock 1.2.3" + System.lineSeparator(), fakes.out());
    assertEquals("", fakes.err());
  }

  @Test
  void verboseVersionSaysWhatItRunsOn() {
    assertEquals(0, fakes.run("--version", "-v"));
    assertTrue(
        fakes.out().contains("java " + System.getProperty("java.runtime.version")), fakes.out());
    assertTrue(fakes.out().contains("framework Framework 4.5"), fakes.out());
    assertTrue(fakes.out().contains("native calls foreign"), fakes.out());
    assertTrue(
        fakes.out().contains("schemes echo, exec, fd, fifo, mem, mem-listen, pipe, sftp-server, "),
        fakes.out());
  }

  @ParameterizedTest
  @CsvSource({
    "--help,       Usage: penstock",
    "relay --help, Usage: penstock relay [OPTIONS] [--] FROM TO",
    "run -h,       Usage: penstock run [OPTIONS]",
    "help,         Usage: penstock",
    "help relay,   Usage: penstock relay [OPTIONS] [--] FROM TO",
    "help run,     Usage: penstock run [OPTIONS]",
    "help help,    Usage: penstock help [COMMAND]",
    "help -h,      Usage: penstock help [COMMAND]"
  })
  void helpGoesToStandardOutput(String line, String start) {
    assertEquals(0, fakes.run(line.split(" ")));
    assertTrue(fakes.out().startsWith(start), fakes.out());
    assertEquals("", fakes.err());
  }

  @Test
  void helpNamesTheKindsOfEveryBundleAndWhereThoseThatAreInstalledStand() {
    fakes.run("relay", "--help");
    for (String kind :
        List.of(
            "stdio:",
            "tcp:",
            "tcp-listen:",
            "unix:",
            "unix-listen:",
            "fifo:",
            "fd:",
            "exec:",
            "shell:",
            "echo:",
            "tls:",
            "tls-listen:",
            "ssh:",
            "ssh-listen:",
            "ssh-forward-listen:",
            "sftp-server:",
            "remote:",
            "durable:",
            "'penstock --version -v'")) {
      assertTrue(fakes.out().matches("(?s).*[\\s(]" + kind + ".*"), kind + " in " + fakes.out());
    }
    assertTrue(fakes.out().lines().allMatch(line -> line.length() <= 80), fakes.out());
  }

  @Test
  void helpNamesEveryOption() {
    fakes.run("relay", "--help");
    for (String option :
        List.of(
            "-u",
            "--connect-timeout=DURATION",
            "--idle-timeout=DURATION",
            "--total-timeout=DURATION",
            "--linger=DURATION",
            "--buffer=SIZE",
            "--from=KEY=VALUE",
            "--to=KEY=VALUE",
            "--fork",
            "--max-connections=N",
            "--remote=URL",
            "--memory-limit=SIZE",
            "-v, --verbose")) {
      assertTrue(fakes.out().contains(option), option + " in " + fakes.out());
    }
    assertFalse(fakes.out().matches("(?s).*(-\\S+), \\1.*"), "a name twice: " + fakes.out());
  }

  @Test
  void runHandsItsOptionsToTheContainer() {
    assertEquals(42, fakes.run("run", "--conf", "a folder"));
    assertEquals(42, fakes.run("run", "-v"));
    assertEquals(
        List.of(
            Map.of("conf", "a folder", "log", "warn", "control", "/run/user/1/penstock.sock"),
            Map.of("log", "info", "control", "/run/user/1/penstock.sock")),
        fakes.containers);
  }

  @Test
  void runTakesCommandsWhereItIsTold() {
    assertEquals(42, fakes.run("run", "--control", "here.sock"));
    assertEquals(42, fakes.run("run", "--control=off"));
    assertEquals(
        List.of(Map.of("log", "warn", "control", "here.sock"), Map.of("log", "warn")),
        fakes.containers);
    assertEquals(2, fakes.run("run", "--control="));
    assertTrue(fakes.err().startsWith("penstock: --control: '' "), fakes.err());
  }

  @Test
  void anEmptyPathIsRefused() {
    String conf = "penstock: --conf: '' is not allowed; expected a folder of configurations\n";
    assertEquals(2, fakes.run("run", "--conf="));
    assertEquals(conf, fakes.err());
    assertEquals(2, fakes.run("run", "--conf", ""));
    assertEquals(conf + conf, fakes.err());
    assertEquals(List.of(), fakes.containers);
    assertEquals(2, fakes.run("ctl", "--socket=", "pipes"));
    assertEquals(
        conf
            + conf
            + "penstock: --socket: '' is not allowed; expected the path of a container's control"
            + " socket\n",
        fakes.err());
  }
}
