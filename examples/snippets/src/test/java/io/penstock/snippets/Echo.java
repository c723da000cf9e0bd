// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import io.penstock.channel.ChannelFactory;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

// snippet: readme.echo
@Component(service = {})
public class Echo implements ChannelHandler {
  @Activate
  public Echo(@Reference ChannelFactory channels, @Reference Poller poller) throws IOException {
    poller.register(channels.listen("tcp-listen://127.0.0.1:7000"), Framing.lines(8192));
    poller.start(this);
  }

  @Override
  public void data(Registration client, ByteBuffer line) {
    ByteBuffer answer = ByteBuffer.allocate(line.remaining()).put(line).flip();
    ByteSink sink = client.channel().orElseThrow().sink();
    client.pause();
    sink.writeAsync(answer).whenComplete((done, failure) -> client.resume());
  }

  @Override
  public void ended(Registration client) {
    client.channel().orElseThrow().sink().endAsync();
  }

  @Override
  public void failed(Registration registration, Throwable cause) throws IOException {
    if (registration.channel().isPresent()) {
      registration.channel().get().close();
    }
  }
}
// end of snippet
