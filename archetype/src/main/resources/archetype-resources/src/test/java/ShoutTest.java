package ${package};

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.poller.Poller;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ShoutTest {
  @Test
  void answersInCapitals() throws Exception {
    try (Penstock penstock = Penstock.open();
        Poller poller = penstock.poller();
        Listener listener = penstock.channels().listen("tcp-listen://127.0.0.1:0")) {
      assertNotNull(new Shout(poller, listener));
      String address = listener.endpoint().address();
      try (Channel client = penstock.channels().open("tcp:" + address)) {
        client.source().readWait(Wait.millis(5000));
        client.sink().writeFully("tea\nwater\n");
        assertEquals("TEA", client.source().readLine(StandardCharsets.UTF_8, 8192));
        assertEquals("WATER", client.source().readLine(StandardCharsets.UTF_8, 8192));
      }
    }
  }
}
