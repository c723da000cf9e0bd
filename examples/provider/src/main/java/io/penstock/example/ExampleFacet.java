// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What an awkward channel offers beside its input and output. Safe for use by any thread; nothing
 * here waits.
 */
@ProviderType
public interface ExampleFacet {
  /**
   * The second input: what the accepting side reports beside its answer.
   *
   * @return on the connecting side only; closed with the channel
   */
  Optional<ByteSource> errorSource();

  /**
   * Where the second input's bytes come from.
   *
   * @return on the accepting side only; closed with the channel
   */
  Optional<ByteSink> errorSink();

  /**
   * Asks the accepting side for something.
   *
   * @param name what is asked for
   * @throws io.penstock.error.RequestRejectedException if the listener does not grant it (its
   *     option {@code grant} names what it does, separated by commas), after the end of either
   *     direction, after a close, and on the accepting side
   * @throws IOException as above
   */
  void request(String name) throws IOException;

  /**
   * Ends the program that the channel stands for; the connecting side's {@link
   * io.penstock.channel.Channel#gone()} completes, with {@link io.penstock.error.ExitException}
   * unless the status is 0. What was written before is still delivered.
   *
   * @param status 0 for success
   * @throws IOException the not-supported type on the connecting side; the rejected type if there
   *     is a status already
   */
  void exit(int status) throws IOException;

  /**
   * The exit status.
   *
   * @return empty before there is one
   */
  OptionalInt exitStatus();
}
