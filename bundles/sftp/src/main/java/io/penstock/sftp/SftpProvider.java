// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.sftp.impl.ServerOpening;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Serves {@code sftp-server:FOLDER}: each channel is a server of the protocol SFTP, version 3, for
 * the files below one folder. Requests of the client are written to it, and its answers are read
 * from it; a relay joins it to the subsystem {@code sftp} of an SSH listener. If the peer for which
 * it is opened ({@link ChannelOptions#program}) asks for anything else, it is refused by a {@link
 * io.penstock.error.RequestRejectedException}.
 *
 * <p>In a container its service is registered by itself, and {@code
 * io.penstock.standalone.Penstock} finds it where this jar is on the class path or the module path.
 *
 * <p>Safe for use by any thread. It has no thread.
 */
@ProviderType
@Component(
    name = "io.penstock.kind.sftp",
    service = ChannelProvider.class,
    property = ChannelProvider.SCHEME + "=sftp-server")
public final class SftpProvider implements ChannelProvider {
  private static final String SERVER = "sftp-server";

  /** A provider without channels. */
  @Activate
  public SftpProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of(SERVER);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return ServerOpening.KEYS;
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    ServerOpening.check(endpoint, options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    return ServerOpening.open(endpoint, options, context);
  }
}
