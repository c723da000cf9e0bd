// SPDX-License-Identifier: Apache-2.0
package io.penstock.build.user.ssh;

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.RequireScheme;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** A bundle that connects to an SSH server. */
@RequireScheme("ssh")
@RequireScheme("tcp-listen")
@Component(service = RemoteUser.class)
public final class RemoteUser {
  private final ChannelFactory channels;

  /** With what it connects. */
  @Activate
  public RemoteUser(@Reference ChannelFactory channels) {
    this.channels = channels;
  }

  @Override
  public String toString() {
    return channels.toString();
  }
}
