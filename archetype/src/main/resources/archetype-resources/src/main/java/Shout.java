package ${package};

import io.penstock.serve.Connection;
import io.penstock.serve.LineHandler;
import io.penstock.serve.ServeOn;
import java.util.Locale;
import org.osgi.service.component.annotations.Component;

/** Answers each line in capitals. */
@Component
@ServeOn("tcp-listen://127.0.0.1:7002")
public class Shout implements LineHandler {
  @Override
  public void line(Connection client, String line) {
    client.reply(line.toUpperCase(Locale.ROOT));
  }
}
