// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What is another one than a moment ago, so that an idle object costs no byte.
 *
 * @param runtime with the new and changed objects only
 * @param gone the keys of those that are there no longer, such as {@code pipes/12}
 */
record RuntimeChanges(RuntimeDTO runtime, List<String> gone) {
  static final String PIPES = "pipes";
  static final String CHANNELS = "channels";
  static final String LISTENERS = "listeners";
  static final String RELAYS = "relays";

  static RuntimeChanges between(RuntimeDTO before, RuntimeDTO now) {
    List<String> gone = new ArrayList<>();
    return new RuntimeChanges(
        new RuntimeDTO(
            now.at(),
            changed(PIPES, before.pipes(), now.pipes(), PipeDTO::id, gone),
            changed(CHANNELS, before.channels(), now.channels(), ChannelDTO::id, gone),
            changed(LISTENERS, before.listeners(), now.listeners(), ListenerDTO::id, gone),
            changed(RELAYS, before.relays(), now.relays(), RelayDTO::id, gone),
            changed("pollers", before.pollers(), now.pollers(), PollerDTO::id, gone),
            changed("servers", before.servers(), now.servers(), ServerDTO::serviceId, gone),
            changed("failed", before.failed(), now.failed(), FailedHandlerDTO::serviceId, gone),
            changed("awaited", before.awaited(), now.awaited(), AwaitedDTO::pid, gone),
            now.remotes(),
            now.resources()),
        gone);
  }

  private static <T> List<T> changed(
      String type, List<T> before, List<T> now, Function<T, Object> key, List<String> gone) {
    Map<Object, T> old = new HashMap<>();
    before.forEach(one -> old.put(key.apply(one), one));
    List<T> changed = new ArrayList<>();
    for (T one : now) {
      if (!one.equals(old.remove(key.apply(one)))) {
        changed.add(one);
      }
    }
    old.keySet().forEach(left -> gone.add(type + "/" + left));
    return changed;
  }
}
