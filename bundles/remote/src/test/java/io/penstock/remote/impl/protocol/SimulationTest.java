// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static io.penstock.remote.impl.protocol.Simulation.SECOND;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The rules of discovery, by seeds. A failure names its seed; {@code -Dremote.seed=N} runs only
 * that one, {@code -Dremote.seeds=N} runs more of them, {@code -Dremote.containers=N} a larger
 * world.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("remote.seeds", 60);

  private static final Simulation.Size FEW = new Simulation.Size(10, 6, 4, 40, 0.05, 3 * SECOND);
  private static final Simulation.Size STRICT = new Simulation.Size(10, 6, 4, 40, 0, SECOND);
  private static final Simulation.Size LONG = new Simulation.Size(5, 3, 3, 240, 0.02, SECOND);
  private static final List<Simulation.Size> SHORT = List.of(FEW, STRICT);

  private static List<Long> seeds(int count) {
    Long only = Long.getLong("remote.seed");
    if (only != null) {
      return List.of(only);
    }
    List<Long> seeds = new ArrayList<>();
    for (long seed = 1; seed <= count; seed++) {
      seeds.add(seed);
    }
    return seeds;
  }

  private static Map<String, Integer> run(int count, Simulation.Size size, Simulation.Parts parts) {
    Map<String, Integer> sums = new TreeMap<>();
    for (long seed : seeds(count)) {
      Simulation simulation = new Simulation(seed, size, parts);
      simulation.run();
      simulation.counts.forEach((what, many) -> sums.merge(what, many, Integer::sum));
    }
    return sums;
  }

  private static void assertHappened(Map<String, Integer> counts, String... each) {
    for (String what : each) {
      assertTrue(counts.getOrDefault(what, 0) > 0, "never: " + what + ", of " + counts);
    }
  }

  @Test
  void theRulesHoldWhileMessagesAreLost() {
    Map<String, Integer> counts = run(SEEDS, FEW, new Simulation.Parts());
    assertHappened(
        counts,
        "added",
        "changed",
        "kill",
        "pause",
        "cut noticed",
        "cut unnoticed",
        "registry down",
        "beats lost",
        "removed WITHDRAWN",
        "removed SILENT",
        "removed DEAD",
        "removed a living one that was silent");
  }

  @Test
  void theRulesHoldAndTheDeadAreSeenAtOnceAfterAPause() {
    assertHappened(run(SEEDS, STRICT, new Simulation.Parts()), "quick look after a pause");
  }

  @Test
  void whatTheDeadHaveLeftIsRemoved() {
    assertHappened(run(Math.max(1, SEEDS / 6), LONG, new Simulation.Parts()), "purge");
  }

  @Test
  void theRulesHoldForThousandsOfContainers() {
    int containers = Integer.getInteger("remote.containers", 2000);
    long seed = Long.getLong("remote.seed", 1);
    Simulation.Size many = new Simulation.Size(containers, containers * 2, 10, 4, 0.01, 3 * SECOND);
    Simulation simulation = new Simulation(seed, many, new Simulation.Parts());
    simulation.run();
    assertHappened(simulation.counts, "added", "removed SILENT", "kill");
  }

  /** A rule that is broken in one place each. */
  enum Fault {
    GIVES_UP_TOO_EARLY {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session / 2, effects, now);
      }
    },
    GIVES_UP_TOO_LATE {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session + 2 * SECOND, effects, now);
      }
    },
    BELIEVES_WHAT_IS_STORED {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, false, session, effects, now);
      }
    },
    IS_NOT_FROZEN {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isFrozen() {
            return false;
          }
        };
      }
    },
    DOES_NOT_NOTICE_ITS_PAUSE {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isPause(long gap) {
            return false;
          }
        };
      }
    },
    FORGETS_THAT_IT_WAS_AWAY {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          long silentFrom(Peer peer, long when) {
            return peer.heard;
          }
        };
      }
    },
    KEEPS_WHAT_WENT_MEANWHILE {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isGone(RemoteEntry entry) {
            return false;
          }
        };
      }
    },
    BELIEVES_OLD_ANSWERS {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isCurrent(Peer peer, long question) {
            return true;
          }
        };
      }
    },
    NEVER_GIVES_UP {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isSilent(Peer peer, long when) {
            return false;
          }
        };
      }
    },
    ASKS_TOO_SELDOM {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isRefused(Peer peer) {
            return peer.refusals >= 2;
          }
        };
      }
    },
    BELIEVES_WITHOUT_ASKING {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isBelieved(Peer peer) {
            return true;
          }
        };
      }
    },
    DOES_NOT_ASK_BEFORE_THE_END {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isDoubtful(Peer peer, long when) {
            return false;
          }
        };
      }
    },
    PURGES_TOO_EARLY {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isDeadForLong(Peer peer, long when) {
            return true;
          }
        };
      }
    },
    PURGES_WITHIN_A_MINUTE {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isDeadForLong(Peer peer, long when) {
            return when - peer.since >= 20 * session;
          }
        };
      }

      @Override
      List<Simulation.Size> sizes() {
        return List.of(LONG);
      }
    },
    COUNTS_REFUSALS_AFTER_A_RECONNECTION {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean countsRefusals(Peer peer) {
            return true;
          }
        };
      }
    },
    NEVER_PURGES {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return new Imports(self, true, session, effects, now) {
          @Override
          boolean isDeadForLong(Peer peer, long when) {
            return false;
          }
        };
      }

      @Override
      List<Simulation.Size> sizes() {
        return List.of(LONG);
      }
    },
    NEVER_ASKS_AGAIN {
      @Override
      ImportEffects effects(ImportEffects real) {
        return new Passing(real) {
          private final Set<String> dead = new HashSet<>();

          @Override
          public void removed(RemoteEntry entry, Removal why) {
            if (why != Removal.WITHDRAWN) {
              dead.add(entry.node());
            }
            super.removed(entry, why);
          }

          @Override
          public void ask(String node, long question) {
            if (!dead.contains(node)) {
              super.ask(node, question);
            }
          }
        };
      }
    },
    ADDS_TWICE {
      @Override
      ImportEffects effects(ImportEffects real) {
        return new Passing(real) {
          private int count;

          @Override
          public void added(RemoteEntry entry) {
            super.added(entry);
            if (++count % 10 == 0) {
              super.added(entry);
            }
          }
        };
      }
    },
    LOSES_A_REMOVAL {
      @Override
      ImportEffects effects(ImportEffects real) {
        return new Passing(real) {
          @Override
          public void removed(RemoteEntry entry, Removal why) {
            if (why != Removal.WITHDRAWN) {
              super.removed(entry, why);
            }
          }
        };
      }
    },
    DOES_NOT_STORE_AGAIN {
      @Override
      Exports exports(long session, ExportEffects effects, long now) {
        return new Exports(true, session, effects, now) {
          @Override
          boolean isRestored() {
            return false;
          }
        };
      }
    },
    STORES_ONCE {
      @Override
      Exports exports(long session, ExportEffects effects, long now) {
        Set<RemoteEntry> put = new HashSet<>();
        return new Exports(
            true,
            session,
            new Sending(effects) {
              @Override
              public void put(RemoteEntry entry) {
                if (put.add(entry)) {
                  super.put(entry);
                }
              }
            },
            now);
      }
    },
    REMOVES_ONCE {
      @Override
      Exports exports(long session, ExportEffects effects, long now) {
        Set<RemoteEntry> removed = new HashSet<>();
        return new Exports(
            true,
            session,
            new Sending(effects) {
              @Override
              public void remove(RemoteEntry entry) {
                if (removed.add(entry)) {
                  super.remove(entry);
                }
              }
            },
            now);
      }
    },
    BEATS_TOO_SELDOM {
      @Override
      Exports exports(long session, ExportEffects effects, long now) {
        return new Exports(true, 2 * session, effects, now);
      }
    },
    LOWEST_RANK_FIRST {
      @Override
      List<RemoteEntry> order(Collection<RemoteEntry> all, Random random) {
        return all.stream().sorted(Comparator.comparingInt(RemoteEntry::rank)).toList();
      }
    };

    Imports imports(String self, long session, ImportEffects effects, long now) {
      return new Imports(self, true, session, effects, now);
    }

    Exports exports(long session, ExportEffects effects, long now) {
      return new Exports(true, session, effects, now);
    }

    List<RemoteEntry> order(Collection<RemoteEntry> all, Random random) {
      return Choice.order(all, Map.of(), random);
    }

    ImportEffects effects(ImportEffects real) {
      return real;
    }

    /** Where it shows. */
    List<Simulation.Size> sizes() {
      return SHORT;
    }

    Simulation.Parts parts() {
      return new Simulation.Parts() {
        @Override
        Imports imports(String self, long session, ImportEffects effects, long now) {
          return Fault.this.imports(self, session, effects, now);
        }

        @Override
        Exports exports(long session, ExportEffects effects, long now) {
          return Fault.this.exports(session, effects, now);
        }

        @Override
        List<RemoteEntry> order(Collection<RemoteEntry> all, Random random) {
          return Fault.this.order(all, random);
        }

        @Override
        ImportEffects effects(ImportEffects real) {
          return Fault.this.effects(real);
        }
      };
    }
  }

  private static class Passing implements ImportEffects {
    private final ImportEffects real;

    Passing(ImportEffects real) {
      this.real = real;
    }

    @Override
    public void added(RemoteEntry entry) {
      real.added(entry);
    }

    @Override
    public void removed(RemoteEntry entry, Removal why) {
      real.removed(entry, why);
    }

    @Override
    public void changed(RemoteEntry old, RemoteEntry entry) {
      real.changed(old, entry);
    }

    @Override
    public void ask(String node, long question) {
      real.ask(node, question);
    }

    @Override
    public void follow(String node) {
      real.follow(node);
    }

    @Override
    public void unfollow(String node) {
      real.unfollow(node);
    }

    @Override
    public void purge(RemoteEntry entry) {
      real.purge(entry);
    }
  }

  private static class Sending implements ExportEffects {
    private final ExportEffects real;

    Sending(ExportEffects real) {
      this.real = real;
    }

    @Override
    public void put(RemoteEntry entry) {
      real.put(entry);
    }

    @Override
    public void remove(RemoteEntry entry) {
      real.remove(entry);
    }

    @Override
    public void beat() {
      real.beat();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPlantedFaultIsFound(Fault fault) {
    assertTrue(isFound(fault.parts(), fault.sizes()), fault + " was not found");
  }

  @Test
  void nothingIsFoundWithoutAFault() {
    assertFalse(isFound(new Simulation.Parts(), SHORT));
  }

  private static boolean isFound(Simulation.Parts parts, List<Simulation.Size> sizes) {
    for (long seed : seeds(SEEDS)) {
      for (Simulation.Size size : sizes) {
        try {
          new Simulation(seed, size, parts).run();
        } catch (Simulation.Wrong e) {
          return true;
        }
      }
    }
    return false;
  }
}
