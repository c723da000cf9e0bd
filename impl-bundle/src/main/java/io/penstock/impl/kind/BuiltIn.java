// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind;

import io.penstock.impl.buffer.Contents;
import io.penstock.impl.kind.descriptor.DescriptorProvider;
import io.penstock.impl.kind.durable.DurableProvider;
import io.penstock.impl.kind.fifo.FifoProvider;
import io.penstock.impl.kind.memory.MemoryProvider;
import io.penstock.impl.kind.pipe.PipeProvider;
import io.penstock.impl.kind.process.ProcessProvider;
import io.penstock.impl.kind.stdio.StdioProvider;
import io.penstock.impl.kind.tcp.TcpProvider;
import io.penstock.impl.kind.unix.UnixProvider;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelProvider;
import java.util.List;

/** All kinds that come with the product, for use without a service registry. */
public final class BuiltIn {
  private BuiltIn() {}

  /**
   * Makes one provider of each kind.
   *
   * @param pipes finds named pipes
   * @param contents keep durable pipes
   * @param posix makes native calls
   */
  public static List<ChannelProvider> providers(
      PipeProvider.Finder pipes, Contents contents, PosixAccess posix) {
    return List.of(
        new DescriptorProvider(posix),
        new DurableProvider(contents),
        new FifoProvider(posix),
        new MemoryProvider(),
        new PipeProvider(pipes),
        new ProcessProvider(posix),
        new StdioProvider(posix),
        new TcpProvider(),
        new UnixProvider(posix));
  }
}
