// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import io.penstock.channel.Channel;
import io.penstock.pipe.Pipe;
import io.penstock.standalone.Penstock;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract of every pipe, over a file, as a whole pipe and as two channels to it. */
class DurableContractTest {
  private static Penstock penstock;

  @TempDir private static Path folder;

  @BeforeAll
  static void begin() {
    penstock = Penstock.open();
  }

  @AfterAll
  static void end() {
    penstock.close();
  }

  private static Kind lacking(Kind kind) {
    return kind.without(Trait.IMMEDIATE, "a reader is only shown what is acknowledged")
        .without(Trait.UNAIDED, "acknowledgements come from another thread")
        .without(Trait.BY_REFERENCE, "what is read comes from the file")
        .without(Trait.FLUSH_SEES_READER, "a flush waits for the disk, and for no reader")
        .without(Trait.CLOSE_DROPS, "nothing is dropped; the next reader goes on")
        .without(Trait.CLOSE_BREAKS_WRITER, "the next reader goes on")
        .without(Trait.CLOSE_DRAINS, "nothing is dropped; the next reader goes on");
  }

  private static Kind pipe(String name, String keys, long capacity) {
    return lacking(
        Kind.of(
            name,
            () -> {
              Pipe pipe = Bench.open(penstock, Bench.fresh(folder), keys, capacity);
              return Subject.of(pipe);
            }));
  }

  @Nested
  class Group extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("durable-file", "", 32 * 1024);
    }
  }

  @Nested
  class Unsynced extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("durable-file-unsynced", "sync=none&keep=100KiB", 16 * 1024);
    }
  }

  @Nested
  class Each extends ContractSuite {
    @Override
    protected Kind kind() {
      return pipe("durable-file-each", "sync=each&block=4KiB&window=8KiB", 32 * 1024)
          .without(Trait.WHOLE_ROOM, "the window is smaller than the capacity");
    }
  }

  @Nested
  class Channels extends ContractSuite {
    @Override
    protected Kind kind() {
      return lacking(
              Kind.of(
                  "durable-file-channels",
                  () -> {
                    Path file = Bench.fresh(folder);
                    Channel writer = Bench.end(penstock, file, "mode=write&capacity=32KiB");
                    Channel reader = Bench.end(penstock, file, "mode=read&capacity=32KiB");
                    return Subject.of(
                        writer.sink(), reader.source(), writer::abort, writer, reader);
                  }))
          .without(Trait.READS_SEEN, "the reader belongs to another channel")
          .without(Trait.ABORT_DELIVERED, "the text of the cause is kept, and not the cause");
    }
  }
}
