// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Channels for code that names a port, as code of the manual does: what it listens at is a free
 * port instead, and whoever connects to the named one is connected there.
 */
final class Elsewhere {
  private static final String HOST = "//127.0.0.1:";

  private final ChannelFactory channels;
  private final Map<String, String> ports = new ConcurrentHashMap<>();

  private Elsewhere(ChannelFactory channels) {
    this.channels = channels;
  }

  static ChannelFactory of(ChannelFactory channels) {
    return new Elsewhere(channels).proxy();
  }

  /** The same, where a server has taken a port that the code names. */
  static ChannelFactory of(ChannelFactory channels, String named, Endpoint bound) {
    Elsewhere elsewhere = new Elsewhere(channels);
    elsewhere.bound(named, bound);
    return elsewhere.proxy();
  }

  private ChannelFactory proxy() {
    return (ChannelFactory)
        Proxy.newProxyInstance(
            Elsewhere.class.getClassLoader(),
            new Class<?>[] {ChannelFactory.class},
            (proxy, method, arguments) -> call(method, arguments));
  }

  private Object call(Method method, Object[] arguments) throws Throwable {
    boolean listens = method.getName().equals("listen");
    String named = "";
    if (arguments != null && arguments.length > 0) {
      String text = arguments[0].toString();
      int at = text.indexOf(HOST);
      if (at >= 0) {
        named = text.substring(at + HOST.length());
        String port = listens ? "0" : Objects.requireNonNull(ports.get(named), text);
        String moved = text.substring(0, at) + HOST + port;
        arguments[0] = arguments[0] instanceof Endpoint ? Endpoint.parse(moved) : moved;
      }
    }
    Object result;
    try {
      result = method.invoke(channels, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    if (listens && result instanceof Listener listener) {
      bound(named, listener.endpoint());
    }
    return result;
  }

  private void bound(String named, Endpoint endpoint) {
    String bound = endpoint.address();
    ports.put(named, bound.substring(bound.lastIndexOf(':') + 1));
  }
}
