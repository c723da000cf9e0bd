// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.pump.BlockingInput;
import io.penstock.impl.kind.support.pump.BlockingOutput;
import io.penstock.impl.kind.support.pump.FileInput;
import io.penstock.impl.kind.support.pump.FileOutput;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A child that runs, and our ends of its streams.
 *
 * @param process the child
 * @param stdin what it reads
 * @param stdout what it writes
 * @param stderr what it writes to standard error; null when that is ours
 * @param outlived whether our ends stay open when the child exits but has left its streams to a
 *     child of its own
 */
record Child(
    Process process,
    BlockingOutput stdin,
    BlockingInput stdout,
    @Nullable BlockingInput stderr,
    boolean outlived) {
  private static final Logger LOG = System.getLogger("io.penstock");

  /** Starts a child over pipes of the system's. */
  static Child start(ProcessBuilder builder, boolean errors) throws IOException {
    SystemPipe in;
    try {
      in = SystemPipe.open();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "using the streams of the JDK for a child", e);
      return startOverStreams(builder, errors);
    }
    Deque<Closeable> ours = new ArrayDeque<>();
    // The ends that the child gets are closed here in any case: it has them from its parent by now,
    // and as long as we held them, too, nobody would ever see an end.
    try (in;
        SystemPipe out = SystemPipe.open();
        SystemPipe err = errors ? SystemPipe.open() : null) {
      FileChannel stdin = FileChannel.open(in.path(), StandardOpenOption.WRITE);
      ours.add(stdin);
      FileInputStream stdout = new FileInputStream(out.path().toFile());
      ours.add(stdout);
      FileInputStream stderr = err == null ? null : new FileInputStream(err.path().toFile());
      if (stderr != null) {
        ours.add(stderr);
      }
      builder.redirectInput(Redirect.from(in.path().toFile()));
      builder.redirectOutput(Redirect.to(out.path().toFile()));
      builder.redirectError(err == null ? Redirect.INHERIT : Redirect.to(err.path().toFile()));
      Process process = builder.start();
      return new Child(
          process,
          new FileOutput(stdin),
          new FileInput(stdout),
          stderr == null ? null : new FileInput(stderr),
          true);
    } catch (IOException | RuntimeException e) {
      for (Closeable end : ours) {
        end.close();
      }
      throw e;
    }
  }

  /**
   * Starts a child over the JDK's streams, where the system does not show descriptors as paths.
   * What a child leaves behind when it exits is then read by the JDK, and whoever of its own
   * children still writes gets a broken pipe.
   */
  static Child startOverStreams(ProcessBuilder builder, boolean errors) throws IOException {
    builder.redirectInput(Redirect.PIPE);
    builder.redirectOutput(Redirect.PIPE);
    builder.redirectError(errors ? Redirect.PIPE : Redirect.INHERIT);
    Process process = builder.start();
    return new Child(
        process,
        new StreamOutput(process.getOutputStream()),
        new StreamInput(process.getInputStream()),
        errors ? new StreamInput(process.getErrorStream()) : null,
        false);
  }
}
