// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Notes what it is told, as text: {@code name=bytes}, {@code name ended}. */
class Recorder implements ChannelHandler {
  final List<String> seen = new ArrayList<>();
  final List<Channel> channels = new ArrayList<>();
  final List<Registration> clients = new ArrayList<>();
  final List<Throwable> failures = new ArrayList<>();

  static String text(ByteBuffer bytes) {
    return StandardCharsets.ISO_8859_1.decode(bytes).toString();
  }

  private static String name(Registration registration) {
    return ((Entry) registration).end().name();
  }

  @Override
  public void opened(Registration listener, Channel channel, Registration client) {
    channels.add(channel);
    clients.add(client);
    seen.add("opened");
  }

  @Override
  public void data(Registration registration, ByteBuffer frame) throws IOException {
    seen.add(name(registration) + "=" + text(frame));
  }

  @Override
  public void writable(SinkRegistration registration) {
    seen.add(name(registration) + " writable");
  }

  @Override
  public void ended(Registration registration) {
    seen.add(name(registration) + " ended");
  }

  @Override
  public void listenerEnded(Registration registration) {
    seen.add(name(registration) + " ended");
  }

  @Override
  public void failed(Registration registration, Throwable cause) {
    failures.add(cause);
    seen.add(name(registration) + " failed " + cause.getClass().getSimpleName());
  }

  /** What was noted since the last call. */
  List<String> drain() {
    List<String> copy = List.copyOf(seen);
    seen.clear();
    return copy;
  }
}
