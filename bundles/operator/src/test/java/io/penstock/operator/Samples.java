// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ConnectionDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.RelayBuffersDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.runtime.WaitDTO;
import java.util.List;
import java.util.Map;

/** One object of each kind, and two pipes. */
final class Samples {
  /** 2026-11-22T21:30:00Z. */
  static final long NOW = 1_795_383_000_000L;

  static final RateDTO NONE = new RateDTO(0, -1, -1);
  static final RateDTO FAST = new RateDTO(3 << 20, 1.5 * (1 << 20), 1024);

  private Samples() {}

  static EndDTO end(RateDTO bytes, WaitDTO... waiting) {
    return new EndDTO(bytes, NONE, 0, waiting.length, List.of(waiting), false, false, false, true);
  }

  static PipeDTO pipe(long id, String name, long buffered, EndDTO source) {
    return new PipeDTO(id, name, "", 65_536, buffered, buffered, end(FAST), source, null);
  }

  static RuntimeDTO runtime() {
    WaitDTO reader =
        new WaitDTO("reader-1", NOW - 180_000, List.of("a.B.read(B.java:1)", "a.C.run(C.java:2)"));
    return new RuntimeDTO(
        NOW,
        List.of(pipe(1, "orders", 0, end(NONE, reader)), pipe(2, "parcels", 16_384, end(NONE))),
        List.of(
            new ChannelDTO(
                3,
                "line",
                "",
                "tcp",
                "tcp://h:7000",
                "/1.2.3.4:5",
                "h/1.2.3.5:7000",
                ChannelDTO.State.CONNECTED,
                end(FAST),
                end(NONE),
                new FaultDTO("reset \u001b[31m \"by\" peer", NOW - 5_000, 3))),
        List.of(
            new ListenerDTO(
                4, "door", "", "tcp-listen", "tcp-listen://h:7000", NONE, 2, 10, "full", null)),
        List.of(
            new RelayDTO(
                5,
                "join",
                "",
                "tcp-listen://h:1",
                "unix:/s",
                1,
                FAST,
                NONE,
                new RelayBuffersDTO(3, 1 << 21, 1 << 20),
                new RelayBuffersDTO(0, 0, 0),
                true,
                null)),
        List.of(new PollerDTO(6, "poller-6", "", 12, FAST, NOW - 2_000, "poll-1")),
        List.of(
            new ServerDTO(
                20,
                "echo",
                "a.Echo",
                "tcp-listen://h:7001",
                false,
                null,
                "lines(8192)",
                "poller",
                2,
                7,
                1,
                "boom",
                NOW - 60_000,
                List.of(new ConnectionDTO("c-1", "/1.2.3.4:9", NOW - 9_000, 7, "the handler")))),
        List.of(
            new FailedHandlerDTO(
                21, "bad", FailedHandlerDTO.Reason.ADDRESS, "port 1 is taken", NOW - 1_000)),
        List.of(
            new AwaitedDTO(
                "uplink", "io.penstock.Channel~uplink", "channel", NOW - 7_200_000, 9, "refused")),
        List.of(
            new RemoteDTO(
                "nats://r:4222",
                "me",
                false,
                NOW - 4_000,
                "connection refused",
                3,
                2,
                1,
                List.of(
                    new RemoteEntryDTO(
                        "bills",
                        "they",
                        "tcp://b:7000",
                        5,
                        Map.of("zone", "eu", "tier", "1"),
                        RemoteEntryDTO.State.ALIVE,
                        NOW - 500,
                        2,
                        null)))),
        new ResourcesDTO(-1, -1, 1024, 4096));
  }
}
