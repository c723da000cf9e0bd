// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static io.penstock.remote.impl.protocol.Simulation.SECOND;

import io.penstock.remote.spi.RemoteEntry;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** A rule that is broken in one place each. */
enum PlantedFault {
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
      return List.of(Worlds.LONG);
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
      return List.of(Worlds.LONG);
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
  GIVES_UP_WHAT_CAME_BACK {
    @Override
    Imports imports(String self, long session, ImportEffects effects, long now) {
      Set<String> gone = new HashSet<>();
      return new Imports(self, true, session, effects, now) {
        @Override
        boolean isSilent(Peer peer, long when) {
          boolean silent = super.isSilent(peer, when);
          if (silent) {
            gone.add(peer.node);
          }
          return silent || gone.remove(peer.node);
        }
      };
    }

    @Override
    List<Simulation.Size> sizes() {
      return Worlds.SPLITS;
    }

    @Override
    String saying() {
      return "which came back";
    }
  },
  FINDS_NOTHING_AFTER_A_SPLIT {
    @Override
    ImportEffects effects(ImportEffects real) {
      return NEVER_ASKS_AGAIN.effects(real);
    }

    @Override
    List<Simulation.Size> sizes() {
      return Worlds.SPLITS;
    }

    @Override
    String saying() {
      return "has not found";
    }
  },
  TAKES_NO_ANSWER_FOR_STORED {
    @Override
    Exports exports(long session, ExportEffects effects, long now) {
      return new Exports(true, session, effects, now) {
        @Override
        boolean isTriedAgain() {
          return false;
        }
      };
    }

    @Override
    List<Simulation.Size> sizes() {
      return Worlds.SPLITS;
    }
  },
  LEAVES_WHAT_IS_WRITTEN_LATE {
    @Override
    Exports exports(long session, ExportEffects effects, long now) {
      return new Exports(true, session, effects, now) {
        @Override
        boolean isCompared() {
          return false;
        }
      };
    }

    @Override
    List<Simulation.Size> sizes() {
      return Worlds.SPLITS;
    }
  },
  PURGES_WHAT_BEATS {
    @Override
    Imports imports(String self, long session, ImportEffects effects, long now) {
      return new Imports(self, true, session, effects, now) {
        @Override
        boolean isDoubtedByBeats() {
          return false;
        }
      };
    }

    @Override
    List<Simulation.Size> sizes() {
      return List.of(Worlds.SPLIT_LONG);
    }

    @Override
    String saying() {
      return "which it has just heard";
    }
  },
  FINDS_LATE_WHAT_WAS_AWAY_FOR_LONG {
    @Override
    Imports imports(String self, long session, ImportEffects effects, long now) {
      return new Imports(self, true, session, effects, now) {
        @Override
        boolean isAskedLater(Peer peer) {
          return peer.asking;
        }
      };
    }

    @Override
    List<Simulation.Size> sizes() {
      return List.of(Worlds.SPLIT_LONG);
    }

    @Override
    String saying() {
      return "has not found";
    }
  },
  KNOWS_WITHOUT_THE_LEADER {
    @Override
    boolean asksTheLeader() {
      return false;
    }

    @Override
    List<Simulation.Size> sizes() {
      return Worlds.SPLITS;
    }

    @Override
    String saying() {
      return "which was not withdrawn";
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

  boolean asksTheLeader() {
    return true;
  }

  /** What is said of it, if that matters. */
  String saying() {
    return "";
  }

  /** Where it shows. */
  List<Simulation.Size> sizes() {
    return Worlds.SHORT;
  }

  Simulation.Parts parts() {
    return new Simulation.Parts() {
      @Override
      Imports imports(String self, long session, ImportEffects effects, long now) {
        return PlantedFault.this.imports(self, session, effects, now);
      }

      @Override
      Exports exports(long session, ExportEffects effects, long now) {
        return PlantedFault.this.exports(session, effects, now);
      }

      @Override
      List<RemoteEntry> order(Collection<RemoteEntry> all, Random random) {
        return PlantedFault.this.order(all, random);
      }

      @Override
      ImportEffects effects(ImportEffects real) {
        return PlantedFault.this.effects(real);
      }

      @Override
      boolean asksTheLeader() {
        return PlantedFault.this.asksTheLeader();
      }
    };
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
}
