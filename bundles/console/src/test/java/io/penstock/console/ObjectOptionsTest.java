// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.console.KnownOptions.Option;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayBuffersDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where the options of an object come from. */
class ObjectOptionsTest {
  private static final RateDTO RATE = new RateDTO(0, -1, -1);
  private static final RelayBuffersDTO NOTHING = new RelayBuffersDTO(0, 0, 0);
  private static final EndDTO END =
      new EndDTO(RATE, RATE, 0, 0, List.of(), false, false, false, true);

  private final KnownOptions configured =
      (pid, name) ->
          name.equals("front")
              ? List.of(new Option("maxConnections", "4", pid + "~front"))
              : List.of();

  private static ChannelDTO channel(long id, String owner, String endpoint) {
    return new ChannelDTO(
        id, "any", owner, "tcp", endpoint, null, null, ChannelDTO.State.CONNECTED, END, END, null);
  }

  private static ListenerDTO listener(long id, String name, String owner, String endpoint) {
    return new ListenerDTO(id, name, owner, "tcp-listen", endpoint, RATE, 1, 9, null, null);
  }

  private List<Option> of(String kind, String id) {
    RuntimeDTO now =
        new RuntimeDTO(
            0,
            List.of(),
            List.of(
                channel(1, "", "tcp-listen://127.0.0.1:1"),
                channel(2, "b", "tcp-listen://127.0.0.1:2"),
                channel(3, "b", "tcp://127.0.0.1:3"),
                channel(4, "", "tcp://127.0.0.1:3")),
            List.of(
                listener(5, "front", "", "tcp-listen://127.0.0.1:1"),
                listener(6, "front", "b", "tcp-listen://127.0.0.1:2")),
            List.of(
                new RelayDTO(
                    7, "r", "b", "stdio:", "pipe:a", 0, RATE, RATE, NOTHING, NOTHING, false, null)),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            new ResourcesDTO(0, 0, 0, 0));
    return new ObjectOptions(now, configured).of(kind, id);
  }

  @Test
  void theConfigurationComesFirst() {
    assertEquals(
        List.of(new Option("maxConnections", "4", "io.penstock.Listener~front")),
        of("listeners", "5"));
    // Of the same name, and made by a bundle.
    assertEquals(
        List.of(
            new Option("endpoint", "tcp-listen://127.0.0.1:2", "bundle b"),
            new Option("maxConnections", "9", "bundle b")),
        of("listeners", "6"));
  }

  @Test
  void anAcceptedChannelHasThoseOfItsListener() {
    assertEquals(
        List.of(new Option("maxConnections", "4", "listener front: io.penstock.Listener~front")),
        of("channels", "1"));
    assertEquals(
        new Option("maxConnections", "9", "listener front: bundle b"), of("channels", "2").get(1));
  }

  @Test
  void othersTellWhatTheyAre() {
    assertEquals(
        List.of(new Option("endpoint", "tcp://127.0.0.1:3", "bundle b")), of("channels", "3"));
    assertEquals(
        List.of(new Option("endpoint", "tcp://127.0.0.1:3", "the caller that made it")),
        of("channels", "4"));
    assertEquals(
        List.of(new Option("from", "stdio:", "bundle b"), new Option("to", "pipe:a", "bundle b")),
        of("relays", "7"));
    assertEquals(List.of(), of("pollers", "8"));
    assertEquals(List.of(), of("relays", "9"));
  }
}
