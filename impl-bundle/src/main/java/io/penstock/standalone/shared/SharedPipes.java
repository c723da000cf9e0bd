// SPDX-License-Identifier: Apache-2.0
package io.penstock.standalone.shared;

import io.penstock.channel.Endpoint;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;

/** The pipes that {@link java.util.ServiceLoader} finds. Each belongs to its caller. */
public final class SharedPipes implements PipeFactory {
  /** For {@link java.util.ServiceLoader}. */
  public SharedPipes() {}

  @Override
  public Pipe create(PipeOptions options) {
    return Shared.PENSTOCK.pipes().create(options);
  }

  @Override
  public Pipe open(Endpoint location, PipeOptions options, Wait wait) throws IOException {
    return Shared.PENSTOCK.pipes().open(location, options, wait);
  }
}
