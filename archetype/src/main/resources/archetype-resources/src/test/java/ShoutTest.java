package ${package};

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.channel.Channel;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import io.penstock.testing.junit.PenstockExtension;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PenstockExtension.class)
class ShoutTest {
  @Test
  void answersInCapitals(Penstock penstock) throws Exception {
    try (Server server = penstock.serve("tcp-listen://127.0.0.1:0", new Shout());
        Channel client = penstock.channels().open("tcp:" + server.endpoint().address())) {
      client.source().readWait(Wait.millis(5000));
      client.sink().writeFully("tea\nwater\n");
      assertEquals("TEA", client.source().readLine(StandardCharsets.UTF_8, 8192));
      assertEquals("WATER", client.source().readLine(StandardCharsets.UTF_8, 8192));
    }
  }
}
