// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** A built-in kind as a service, in the same way as anybody else's. */
abstract class BuiltInKind implements ChannelProvider {
  private final ChannelProvider provider;

  BuiltInKind(ChannelProvider provider) {
    this.provider = provider;
  }

  @Override
  public final Set<String> schemes() {
    return provider.schemes();
  }

  @Override
  public final Set<String> optionKeys(String scheme) {
    return provider.optionKeys(scheme);
  }

  @Override
  public final Set<String> requestKeys(String scheme) {
    return provider.requestKeys(scheme);
  }

  @Override
  public final Set<String> secretKeys(String scheme) {
    return provider.secretKeys(scheme);
  }

  @Override
  public final void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    provider.check(endpoint, options);
  }

  @Override
  public final CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    return provider.connect(endpoint, options, context);
  }

  @Override
  public final ListenerDriver listen(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    return provider.listen(endpoint, options, context);
  }
}
