// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.pipe.PipeOptions;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Wait;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValuesTest {
  private static Map<String, ?> values(String pid, Map<String, ?> properties) {
    Map<String, Object> all = new HashMap<>(properties);
    all.put("service.pid", pid);
    return all;
  }

  private static PipeSettings pipe(Map<String, ?> properties) {
    return PipeSettings.of(values("io.penstock.Pipe~p", properties));
  }

  @Test
  void textAndNativeTypesMeanTheSame() {
    PipeSettings text =
        pipe(Map.of("capacity", "4096", "readBlocking", "false", "direct", " true "));
    assertEquals(text, pipe(Map.of("capacity", 4096, "readBlocking", false, "direct", true)));
    assertEquals(text, pipe(Map.of("capacity", 4096L, "readBlocking", false, "direct", true)));
    assertEquals(
        text,
        pipe(
            Map.of(
                "capacity",
                4096.0,
                "readBlocking",
                new boolean[] {false},
                "direct",
                List.of("true"))));
    assertEquals(4096, text.options().capacity());
    assertEquals(Wait.none(), text.readWait());
  }

  @ParameterizedTest
  @CsvSource({
    "maxConnections, -5", "maxConnections, 0", "maxConnections, 1KiB", "maxConnections, many",
    "maxConnections, 9999999999", "backlog, -5", "backlog, 0", "backlog, 1KiB"
  })
  void countsAreNoSizes(String key, String value) {
    Map<String, ?> given = Map.of("endpoint", "mem-listen:l", key, value);
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> ChannelSettings.listener(values("io.penstock.Listener~l", given)))
            .getMessage();
    assertEquals(
        "io.penstock.Listener~l: "
            + key
            + ": '"
            + value
            + "' is not allowed; expected a number from 1 to 2147483647",
        message);
  }

  @Test
  void nothingAndBlankMeanTheDefaults() {
    PipeOptions defaults = PipeOptions.defaults();
    for (PipeSettings settings :
        List.of(pipe(Map.of()), pipe(Map.of("capacity", "", "readTimeout", " ", "spin", "")))) {
      assertEquals(defaults.capacity(), settings.capacity());
      assertEquals(defaults.readWait(), settings.readWait());
      assertEquals(defaults.writeWait(), settings.writeWait());
      assertEquals(defaults.spin(), settings.spin());
      assertFalse(settings.direct());
    }
  }

  @Test
  void whatMetatypeShowsAsDefaultsIsWhatNothingMeans() {
    assertEquals(pipe(Map.of()), pipe(shown(PipeKeys.class)));
    Map<String, Object> channel = shown(ChannelKeys.class);
    channel.put("endpoint", "echo:");
    ChannelOptions options =
        ChannelSettings.channel(values("io.penstock.Channel~c", channel)).merged();
    assertEquals(ChannelOptions.defaults().connectTimeout(), options.connectTimeout());
    assertEquals(ChannelOptions.defaults().closeTimeout(), options.closeTimeout());
    assertEquals(0, options.receiveBuffer());
    Map<String, Object> listener = shown(ListenerKeys.class);
    listener.put("endpoint", "mem-listen:l");
    options = ChannelSettings.listener(values("io.penstock.Listener~l", listener)).merged();
    assertEquals(ChannelOptions.defaults().backlog(), options.backlog());
    assertEquals(ChannelOptions.defaults().maxConnections(), options.maxConnections());
    Map<String, Object> relay = shown(RelayKeys.class);
    relay.putAll(Map.of("from", "echo:", "to", "echo:"));
    RelaySettings settings = RelaySettings.of(values("io.penstock.Relay~r", relay));
    assertEquals(RelayOptions.DEFAULT_BUFFER, settings.buffer());
    assertEquals(RelayOptions.DEFAULT_SEND_BUFFER_LIMIT, settings.sendBufferLimit());
    relay.put("sendBufferLimit", "0");
    settings = RelaySettings.of(values("io.penstock.Relay~r", relay));
    assertEquals(0, settings.options().sendBufferLimit());
    assertEquals(Wait.forever(), settings.idle());
    assertEquals(Wait.forever(), settings.total());
    assertEquals(0, settings.rate());
  }

  private static Map<String, Object> shown(Class<?> definition) {
    Map<String, Object> shown = new HashMap<>();
    for (Method key : definition.getDeclaredMethods()) {
      if (key.getDefaultValue() != null) {
        shown.put(Keys.name(key), key.getDefaultValue());
      }
    }
    return shown;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "capacity | 0 | 1 byte or more, or unbounded",
        "capacity | 64 kB | KiB",
        "readTimeout | 5 | ms, s, m",
        "writeTimeout | -1s | ms, s, m",
        "readBlocking | yes | true or false",
        "direct | 1 | true or false",
        "spin | 1ms | auto",
      })
  void badValuesOfAPipeAreRefused(String key, String value, String allowed) {
    refused("io.penstock.Pipe~p", key, value, allowed, () -> pipe(Map.of(key, value)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "endpoint | nothing | SCHEME:ADDRESS",
        "endpoint | tcp-listen://:0 | io.penstock.Listener~NAME",
        "connectTimeout | 0s | more than zero",
        "receiveBuffer | 0 | more than zero",
        "reconnect | maybe | true or false",
        "reconnectMin | 0ms | more than zero",
        "reconnectMax | 1ms | reconnectMin or more",
        "readBlocking | maybe | true or false",
      })
  void badValuesOfAChannelAreRefused(String key, String value, String allowed) {
    Map<String, String> given = new HashMap<>(Map.of("endpoint", "echo:"));
    given.put(key, value);
    refused(
        "io.penstock.Channel~c",
        key,
        value,
        allowed,
        () -> ChannelSettings.channel(values("io.penstock.Channel~c", given)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "memoryLimit | 65535 | 64KiB or more",
        "factoryLimit | much | KiB",
      })
  void badValuesOfMemoryAreRefused(String key, String value, String allowed) {
    String pid = "io.penstock.Memory.default";
    refused(pid, key, value, allowed, () -> MemorySettings.of(values(pid, Map.of(key, value))));
  }

  @Test
  void memoryIsLimitedAsConfigured() {
    String pid = "io.penstock.Memory.default";
    MemorySettings given =
        MemorySettings.of(values(pid, Map.of("memoryLimit", "8MiB", "factoryLimit", "1MiB")));
    assertEquals(8 << 20, given.memoryLimit());
    assertEquals(1 << 20, given.factoryLimit());
    assertEquals(Long.MAX_VALUE, MemorySettings.of(values(pid, Map.of())).memoryLimit());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bytes | bytes",
        "lines | lines(9), skipping what is too long",
        "length1 | lengthPrefixed(1, 9), skipping what is too long",
        "length8-little | lengthPrefixed(8, little-endian, 9), skipping what is too long",
        "varint | varintPrefixed(9), skipping what is too long",
      })
  void framingsHaveNames(String name, String framing) {
    Map<String, String> given = Map.of("framing", name, "maxFrame", "9", "longerFrames", "skip");
    assertEquals(
        framing,
        PollerSettings.of(values("io.penstock.Poller.default", given)).framing().toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "framing | verses | bytes, lines, length1, length2",
        "framing | length3 | or varint",
        "framing | length1-little | length2-little",
        "longerFrames | cut | fail or skip",
        "maxFrame | 0 | 1 byte or more",
        "frameTimeout | 0ms | more than zero",
        "frameTimeout | 1s | none with framing bytes",
        "idleTimeout | soon | ms, s, m",
        "maxEventsPerPoll | 0 | 1 to",
        "spin | 1ms | auto, or a duration up to 0.05ms",
      })
  void badValuesOfPollersAreRefused(String key, String value, String allowed) {
    refused(
        "io.penstock.Poller.default",
        key,
        value,
        allowed,
        () -> PollerSettings.of(values("io.penstock.Poller.default", Map.of(key, value))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "from | nothing | SCHEME:ADDRESS",
        "fork | true | from does not listen",
        "idleTimeout | 0ms | more than zero",
        "totalTimeout | 5 | ms, s, m",
        "buffer | 2GiB | 1 byte to 1GiB",
        "sendBufferLimit | 4095 | 4KiB to 1GiB, or 0",
        "sendBufferLimit | 2GiB | 4KiB to 1GiB, or 0",
        "rate | fast | KiB",
        "acceptEnv | A=B | such as LANG or LC_",
      })
  void badValuesOfARelayAreRefused(String key, String value, String allowed) {
    Map<String, String> given = new HashMap<>(Map.of("from", "echo:", "to", "echo:"));
    given.put(key, value);
    refused(
        "io.penstock.Relay~r",
        key,
        value,
        allowed,
        () -> RelaySettings.of(values("io.penstock.Relay~r", given)));
  }

  private static void refused(
      String pid, String key, String value, String allowed, Runnable reading) {
    String message = assertThrows(IllegalArgumentException.class, reading::run).getMessage();
    for (String part : List.of(pid + ": " + key + ": ", value, allowed)) {
      assertEquals(true, message.contains(part), () -> "'" + part + "' in '" + message + "'");
    }
  }

  @Test
  void missingEndpointIsNamed() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> ChannelSettings.listener(values("io.penstock.Listener~l", Map.of())))
            .getMessage();
    assertEquals(
        "io.penstock.Listener~l: endpoint: it is not given; expected one that listens, such as"
            + " tcp-listen://127.0.0.1:0",
        message);
  }

  @Test
  void nameIsTheConfiguredOneOrThePartAfterTheTilde() {
    assertEquals("p", pipe(Map.of()).name());
    assertEquals("other", pipe(Map.of("penstock.name", "other")).name());
    assertEquals(
        "a~b", new Values<>(PipeKeys.class, values("io.penstock.Pipe~a~b", Map.of())).name());
    assertThrows(
        IllegalArgumentException.class,
        () -> new Values<>(PipeKeys.class, values("io.penstock.Pipe.4f2a", Map.of())).name());
  }

  @Test
  void neverToWaitGoesBeforeALimit() {
    Map<String, Object> given =
        Map.of("endpoint", "echo:", "readBlocking", false, "readTimeout", "5s");
    ChannelSettings settings = ChannelSettings.channel(values("io.penstock.Channel~c", given));
    assertEquals(Wait.none(), settings.merged().readWait());
    assertEquals(Wait.none(), pipe(Map.of("readBlocking", false, "readTimeout", "5s")).readWait());
  }

  @Test
  void keysOfFrameworksAndInstallersAreNobodysMistake() {
    Map<String, Object> given =
        Map.of(
            "felix.fileinstall.filename",
            "file:x",
            ":configurator:feature",
            "f",
            "component.id",
            7L,
            ".private",
            1,
            "capacity",
            1,
            "capacities",
            new int[] {1, 2});
    assertEquals(
        Map.of("capacities", ""),
        new Values<>(PipeKeys.class, values("io.penstock.Pipe~p", given)).others());
  }

  @Test
  void onlyWhatALiveConnectionCannotTakeNeedsAnother() {
    Map<String, Object> base = Map.of("endpoint", "tcp://h:1", "noDelay", true);
    ChannelSettings settings = channel(base, "readTimeout", "1s");
    assertEquals(true, settings.sameConnection(channel(base, "readTimeout", "2s")));
    assertEquals(true, settings.sameConnection(channel(base, "closeTimeout", "2s")));
    assertFalse(settings.sameConnection(channel(base, "sendBuffer", 9)));
    assertFalse(settings.sameConnection(channel(base, "endpoint", "tcp://h:2")));
    assertFalse(settings.sameConnection(channel(base, "noDelay", false)));
    assertEquals(Endpoint.parse("tcp://h:1"), settings.endpoint());
    assertEquals(Duration.ofMillis(100), settings.reconnectMin());
  }

  @Test
  void secretsAreComparedAndNeverShown() {
    Map<String, Object> base = Map.of("endpoint", "echo:", ".password", "xyzzy");
    ChannelSettings settings = channel(base, "readTimeout", "1s");
    assertFalse(settings.toString().contains("xyzzy"), settings.toString());
    assertEquals(Map.of(), settings.extra());
    assertEquals(true, settings.sameConnection(channel(base, ".password", "xyzzy")));
    assertFalse(settings.sameConnection(channel(base, ".password", "other")));
    assertFalse(settings.sameConnection(channel(base, ".mine", "more")));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> channel(base, ".passphrase", new String[] {"xyzzy", "y"}))
            .getMessage();
    assertEquals("io.penstock.Channel~c: .passphrase: expected one text", message);
  }

  private static ChannelSettings channel(Map<String, ?> base, String key, Object value) {
    Map<String, Object> given = new HashMap<>(base);
    given.put(key, value);
    return ChannelSettings.channel(values("io.penstock.Channel~c", given));
  }
}
