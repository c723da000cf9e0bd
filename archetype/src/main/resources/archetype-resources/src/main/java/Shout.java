package ${package};

import io.penstock.channel.ChannelFactory;
import io.penstock.channel.Listener;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Answers each line in capitals. */
@Component(service = {})
public class Shout implements ChannelHandler {
  /** What an operator may configure. */
  public @interface Config {
    String listen() default "tcp-listen://127.0.0.1:7002";
  }

  @Activate
  public Shout(@Reference ChannelFactory channels, @Reference Poller poller, Config config)
      throws IOException {
    this(poller, channels.listen(config.listen()));
  }

  Shout(Poller poller, Listener listener) {
    poller.register(listener, Framing.lines(8192));
    poller.start(this);
  }

  @Override
  public void data(Registration client, ByteBuffer line) {
    String text = StandardCharsets.UTF_8.decode(line).toString();
    ByteSink sink = client.channel().orElseThrow().sink();
    // Nothing more is read from this client until it has taken its answer.
    client.pause();
    sink.writeAsync(StandardCharsets.UTF_8.encode(text.toUpperCase(Locale.ROOT)))
        .whenComplete((done, failure) -> client.resume());
  }

  @Override
  public void ended(Registration client) {
    client.channel().orElseThrow().sink().endAsync();
  }

  @Override
  public void failed(Registration client, Throwable cause) throws IOException {
    if (client.channel().isPresent()) {
      client.channel().get().close();
    }
  }
}
