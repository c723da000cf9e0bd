// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.SshPolicy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Policies by their names; of several with one name the first that came counts. */
public final class Policies {
  private final Map<String, List<SshPolicy>> byName = new ConcurrentHashMap<>();

  /** None yet. */
  public Policies() {}

  /** One more. */
  public void add(String name, SshPolicy policy) {
    List<SshPolicy> unused =
        byName.compute(
            name,
            (same, present) -> {
              List<SshPolicy> all = present == null ? new CopyOnWriteArrayList<>() : present;
              all.add(policy);
              return all;
            });
  }

  /** It has gone. */
  public void remove(String name, SshPolicy policy) {
    List<SshPolicy> unused =
        byName.computeIfPresent(
            name,
            (same, present) -> {
              // By identity, whatever it takes for its equal.
              for (int i = 0; i < present.size(); i++) {
                if (present.get(i) == policy) {
                  present.remove(i);
                  break;
                }
              }
              return present.isEmpty() ? null : present;
            });
  }

  /** Finds it each time anew, because policies come and go; null while it is not there. */
  Supplier<@Nullable SshPolicy> finder(String name) {
    return () -> {
      List<SshPolicy> present = byName.get(name);
      return present == null ? null : present.stream().findFirst().orElse(null);
    };
  }
}
