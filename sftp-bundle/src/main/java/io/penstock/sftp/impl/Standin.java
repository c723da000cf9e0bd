// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.apache.sshd.common.PropertyResolver;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.sftp.SftpModuleProperties;
import org.jspecify.annotations.Nullable;

/**
 * What the library's server is given for a channel of the library's, which there is none of: all it
 * wants of it are settings.
 */
final class Standin extends ChannelSession {
  /** So much is read or written at a time; with what belongs to it, it is within our longest. */
  static final int MOST_DATA = Requests.LONGEST - 1024;

  private static final Map<String, Object> SETTINGS =
      Map.of(
          SftpModuleProperties.SFTP_VERSION.getName(), 3,
          SftpModuleProperties.MAX_READDATA_PACKET_LENGTH.getName(), MOST_DATA,
          SftpModuleProperties.MAX_WRITEDATA_PACKET_LENGTH.getName(), MOST_DATA);

  private static final ServerSession SESSION = session();

  private static ServerSession session() {
    // Making it wakes parts of the library that look for others of its parts by way of the thread.
    ClassLoader library = ServerSession.class.getClassLoader();
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(library);
    try {
      return (ServerSession)
          Proxy.newProxyInstance(
              library,
              new Class<?>[] {ServerSession.class},
              (proxy, method, given) -> answer(proxy, method, given));
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static @Nullable Object answer(Object proxy, Method method, Object @Nullable [] given) {
    return switch (method.getName()) {
      case "getProperties" -> SETTINGS;
      case "getParentPropertyResolver" -> PropertyResolver.EMPTY;
      case "toString" -> "sftp-server";
      case "hashCode" -> System.identityHashCode(proxy);
      case "equals" -> given != null && proxy == given[0];
      default ->
          throw new UnsupportedOperationException("there is no session to ask for " + method);
    };
  }

  @Override
  public ServerSession getSession() {
    return SESSION;
  }
}
