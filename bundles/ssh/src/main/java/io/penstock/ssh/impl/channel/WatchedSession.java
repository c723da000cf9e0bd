// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import org.apache.sshd.common.session.Session;
import org.jspecify.annotations.Nullable;

/** A connection of which we keep more than the library does. */
public interface WatchedSession extends Session {
  /** What we keep; null while the session is being made. */
  @Nullable SessionWatch watch();
}
