// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.util.concurrent.Executor;
import org.osgi.annotation.versioning.ProviderType;

/** What the product lends to a provider for one channel or listener. Safe for use by any thread. */
@ProviderType
public interface ProviderContext {
  /**
   * The name of the channel or listener, for errors.
   *
   * @return the name
   */
  String name();

  /**
   * Runs what takes time: looking up names, opening files that wait for their other end. Its
   * threads are daemons of the product's.
   *
   * @return the executor
   */
  Executor executor();

  /**
   * Builds a further source over a driver, for a facet: a second input such as standard error. It
   * is closed with the channel.
   *
   * @param name its name
   * @param driver its narrow half
   * @return everything that a source does
   */
  ByteSource source(String name, SourceDriver driver);

  /**
   * Builds a further sink over a driver, for a facet. It is closed with the channel.
   *
   * @param name its name
   * @param driver its narrow half
   * @return everything that a sink does
   */
  ByteSink sink(String name, SinkDriver driver);
}
