// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.operator.RuntimeJson;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What differs from a moment ago: an idle object costs no byte, and one that moves costs few.
 *
 * @param runtime the new objects whole, of the changed ones their keys and what has changed, and
 *     what is no object, such as the resources
 * @param gone the keys of those that are there no longer, such as {@code pipes/12}
 */
record RuntimeChanges(Map<String, @Nullable Object> runtime, List<String> gone) {
  static final String PIPES = "pipes";
  static final String CHANNELS = "channels";
  static final String LISTENERS = "listeners";
  static final String RELAYS = "relays";
  private static final String ID = "id";
  private static final String SERVICE = "serviceId";

  static RuntimeChanges between(RuntimeDTO before, RuntimeDTO now) {
    RuntimeChanges all = new RuntimeChanges(new LinkedHashMap<>(), new ArrayList<>());
    all.runtime.put("at", now.at());
    all.add(PIPES, before.pipes(), now.pipes(), ID, PipeDTO::id);
    all.add(CHANNELS, before.channels(), now.channels(), ID, ChannelDTO::id);
    all.add(LISTENERS, before.listeners(), now.listeners(), ID, ListenerDTO::id);
    all.add(RELAYS, before.relays(), now.relays(), ID, RelayDTO::id);
    all.add("pollers", before.pollers(), now.pollers(), ID, PollerDTO::id);
    all.add("servers", before.servers(), now.servers(), SERVICE, ServerDTO::serviceId);
    all.add("failed", before.failed(), now.failed(), SERVICE, FailedHandlerDTO::serviceId);
    all.add("awaited", before.awaited(), now.awaited(), "pid", AwaitedDTO::pid);
    all.runtime.put("remotes", now.remotes());
    all.runtime.put("resources", now.resources());
    return all;
  }

  private <T extends Record> void add(
      String type, List<T> before, List<T> now, String id, Function<T, Object> idOf) {
    Map<Object, T> old = new HashMap<>();
    before.forEach(one -> old.put(idOf.apply(one), one));
    List<Object> told = new ArrayList<>();
    for (T one : now) {
      T then = old.remove(idOf.apply(one));
      if (then == null) {
        told.add(one);
      } else if (!one.equals(then)) {
        Map<String, @Nullable Object> change = new LinkedHashMap<>();
        change.put(id, idOf.apply(one));
        change.putAll(RuntimeJson.changes(then, one));
        told.add(change);
      }
    }
    runtime.put(type, told);
    old.keySet().forEach(left -> gone.add(type + "/" + left));
  }
}
