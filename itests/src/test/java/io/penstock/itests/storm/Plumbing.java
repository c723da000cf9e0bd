// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.itests.storm.Lane.Line;
import io.penstock.itests.storm.Step.Action;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Keys;
import io.penstock.itests.support.Penstock;
import io.penstock.pipe.Pipe;
import io.penstock.relay.Relay;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.ServerDTO;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationEvent;
import org.osgi.service.cm.ConfigurationListener;

/** What is configured, how it is reached, and the values that it may be given. */
final class Plumbing {
  private static final String FENCE = "storm.Fence";
  private static final Wait SOON = Wait.upTo(Lane.PATIENCE);
  private static final String FIRST = "tcp-listen://127.0.0.1:0";
  private static final String SECOND = "tcp-listen://127.0.0.2:0";

  /**
   * Something that is configured.
   *
   * @param pid the factory PID
   * @param addressKey which key has the address
   * @param addresses two of them; the same one twice where it cannot be changed
   * @param fixed the keys that stay
   * @param tunable keys with what may be in front of the unit, for changes that lose nothing
   * @param bad a key and a value that is not allowed
   */
  private record Thing(
      String pid,
      String addressKey,
      List<String> addresses,
      Map<String, String> fixed,
      Map<String, String> tunable,
      Map.Entry<String, String> bad) {}

  private final BundleContext context;
  private final Unit user;
  private final Keys keys;
  private final Map<String, Thing> things = new TreeMap<>();
  private final Map<String, Map<String, String>> values = new HashMap<>();
  private final Map<String, Integer> renewals = new HashMap<>();
  private int fences;

  Plumbing(BundleContext context, Unit user, Path folder, Keys keys, int portA, int portB) {
    this.context = context;
    this.user = user;
    this.keys = keys;
    Map.Entry<String, String> badTime = Map.entry("readTimeout", "soon%d");
    things.put(
        "pipe",
        new Thing(
            Penstock.PIPE,
            "direct",
            List.of("false", "true"),
            Map.of(),
            Map.of("readTimeout", "1%dm", "writeTimeout", "1%dm"),
            Map.entry("capacity", "lots%d")));
    things.put(
        "listener",
        new Thing(
            Penstock.LISTENER,
            "endpoint",
            List.of(FIRST, SECOND),
            Map.of(),
            Map.of("readTimeout", "1%dm", "closeTimeout", "2%ds"),
            badTime));
    things.put(
        "channel",
        new Thing(
            Penstock.CHANNEL,
            "endpoint",
            List.of("tcp://127.0.0.1:" + portA, "tcp://127.0.0.1:" + portB),
            Map.of("reconnectMin", "10ms"),
            Map.of("readTimeout", "1%dm", "reconnectMax", "2%ds"),
            badTime));
    things.put(
        "relay",
        new Thing(
            Penstock.RELAY,
            "from",
            List.of(FIRST, SECOND),
            Map.of("to", "unix:" + folder.resolve("back"), "fork", "true"),
            Map.of("idleTimeout", "1%dm", "totalTimeout", "1%dh"),
            Map.entry("idleTimeout", "soon%d")));
    String unix = "unix-listen:";
    handler("tcp", FIRST, SECOND);
    handler("unix", unix + folder.resolve("one"), unix + folder.resolve("two"));
    handler("back", unix + folder.resolve("back"), unix + folder.resolve("back"));
    String tls = "tls-listen://127.0.0.1:0?" + keys.ofServer();
    handler("tls", tls, tls);
    String login = "?hostkey=" + sshFile("host") + "&authorized-keys=" + sshFile("key.pub");
    handler("ssh", "ssh-listen://127.0.0.1:0" + login, "ssh-listen://127.0.0.2:0" + login);
  }

  private Path sshFile(String name) {
    return keys.store().resolveSibling(name);
  }

  private void handler(String name, String first, String second) {
    things.put(
        name,
        new Thing(
            StormHandler.PID,
            "penstock.listen",
            List.of(first, second),
            Map.of(),
            Map.of(
                "penstock.maxFrame", "1%dKiB",
                "penstock.maxConnections", "1%d",
                "penstock.drainTimeout", "1%d00ms"),
            Map.entry("penstock.maxFrame", "many%d")));
  }

  /** What an action may be done to. */
  static List<String> targets(Action action) {
    return switch (action) {
      case MOVE -> List.of("listener", "channel", "relay", "tcp", "unix", "ssh");
      case RENEW -> List.of("pipe", "listener", "channel", "relay", "tcp");
      default -> List.of("pipe", "listener", "channel", "relay", "tcp", "unix", "tls", "ssh");
    };
  }

  /** Configures everything. */
  void configure() throws IOException, InterruptedException {
    for (Map.Entry<String, Thing> each : things.entrySet()) {
      Map<String, String> first = new HashMap<>(each.getValue().fixed());
      first.put("penstock.name", name(each.getKey()));
      first.put(each.getValue().addressKey(), each.getValue().addresses().get(0));
      values.put(each.getKey(), first);
      put(each.getKey());
    }
  }

  /** Deletes all configurations. */
  void delete() throws IOException, InvalidSyntaxException {
    for (Configuration each : new Configurations(context).find("(service.pid=*~storm*)")) {
      each.delete();
    }
  }

  /** Changes values that apply to live objects. */
  void tune(String target, int value) throws IOException, InterruptedException {
    things
        .get(target)
        .tunable()
        .forEach((key, text) -> values.get(target).put(key, text.formatted(value % 10)));
    put(target);
  }

  /** Gives a value that is not allowed, and returns its key and itself. */
  Map.Entry<String, String> spoil(String target, int value)
      throws IOException, InterruptedException {
    Map.Entry<String, String> bad = things.get(target).bad();
    String text = bad.getValue().formatted(value);
    Map<String, String> good = values.put(target, new HashMap<>(values.get(target)));
    values.get(target).put(bad.getKey(), text);
    try {
      put(target);
    } finally {
      values.put(target, good);
    }
    return Map.entry(bad.getKey(), text);
  }

  /** Gives the last good values again. */
  void put(String target) throws IOException, InterruptedException {
    configuration(target, values.get(target));
    fence();
  }

  private Configuration configuration(String target, Map<String, ?> all) throws IOException {
    String name = "storm-" + target + "-" + renewals.getOrDefault(target, 0);
    return new Configurations(context).create(things.get(target).pid(), name, all);
  }

  /** Changes an address to the other one. */
  void move(String target) throws IOException, InterruptedException {
    Thing thing = things.get(target);
    String other = thing.addresses().get(1 - thing.addresses().indexOf(address(target)));
    values.get(target).put(thing.addressKey(), other);
    put(target);
  }

  /** Deletes a configuration. */
  void remove(String target) throws IOException, InterruptedException {
    configuration(target, values.get(target)).delete();
    fence();
  }

  /** Makes it again: under another PID, for Karaf's may miss one that is made again at once. */
  void again(String target) throws IOException, InterruptedException {
    renewals.merge(target, 1, Integer::sum);
    put(target);
  }

  /** Whether the address that is configured is in use. */
  boolean moved(String target) {
    String wanted = address(target).replaceFirst("\\?.*", "").replaceFirst(":0$", ":");
    return reached(target).contains(wanted);
  }

  private String address(String target) {
    return values.get(target).get(things.get(target).addressKey());
  }

  /** Where something is now, or an empty text if it is not there. */
  String reached(String target) {
    return switch (target) {
      case "pipe" -> named(context, Pipe.class, target) == null ? "" : address(target);
      case "channel" -> {
        Channel channel = named(context, Channel.class, target);
        yield channel == null ? "" : channel.endpoint().toString();
      }
      case "listener" -> {
        Listener listener = named(context, Listener.class, target);
        yield listener == null ? "" : listener.endpoint().toString();
      }
      case "relay" -> {
        Relay relay = named(context, Relay.class, target);
        yield relay == null ? "" : relay.listeners().get(0).endpoint().toString();
      }
      default -> served(target);
    };
  }

  private String served(String target) {
    PenstockRuntime runtime = service(context, PenstockRuntime.class, "(objectClass=*)");
    return runtime == null
        ? ""
        : runtime.runtime().servers().stream()
            .filter(each -> each.name().equals(name(target)))
            .map(ServerDTO::endpoint)
            .findFirst()
            .orElse("");
  }

  /** Waits until what was changed before was told to all that listen to Configuration Admin. */
  private void fence() throws IOException, InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    ConfigurationListener listener =
        event -> {
          if (event.getType() == ConfigurationEvent.CM_UPDATED
              && event.getPid().startsWith(FENCE)) {
            told.countDown();
          }
        };
    ServiceRegistration<?> registration =
        context.registerService(ConfigurationListener.class, listener, null);
    try {
      new Configurations(context).create(FENCE, "storm", Map.of("fence", fences++));
      if (!told.await(20, TimeUnit.SECONDS)) {
        throw new IOException("Configuration Admin tells nobody of changes");
      }
    } finally {
      registration.unregister();
    }
  }

  /** The line of a lane, or null while something for it is not there. */
  Line dial(String lane) throws IOException {
    switch (lane) {
      case "pipe":
        Pipe pipe = named(context, Pipe.class, lane);
        return pipe == null || pipe.sink().ended() || !pipe.sink().isOpen()
            ? null
            : new Line(pipe.sink(), pipe.source(), pipe::close);
      case "channel":
        Channel shared = named(context, Channel.class, lane);
        return shared == null || !shared.sink().isOpen() || shared.sink().ended()
            ? null
            : line(shared);
      case "tls":
        return open(lane, "tls:", "?" + keys.ofClient());
      case "ssh":
        return open(
            lane,
            "ssh:",
            "?exec=x&host-key-checking=accept-new&known-hosts="
                + sshFile("known")
                + "&identity="
                + sshFile("key"));
      case "unix":
        return open(lane, "unix:", "");
      default:
        return open(lane, "tcp:", "");
    }
  }

  private Line open(String lane, String scheme, String options) throws IOException {
    ChannelFactory factory = channels();
    String there = reached(lane);
    if (factory == null || there.isEmpty()) {
      return null;
    }
    String address = Endpoint.parse(there).address();
    if (lane.equals("ssh")) {
      address = "//me@" + address.substring(2);
    }
    try {
      return line(
          factory.open(
              Endpoint.parse(scheme + address + options),
              // The first one over SSH loads a library, which takes long on a busy machine.
              ChannelOptions.defaults().withConnectTimeout(Lane.PATIENCE),
              SOON));
    } catch (IllegalStateException gone) {
      // The factory, with its bundle or ours.
      return null;
    }
  }

  private static Line line(Channel channel) {
    return new Line(channel.sink(), channel.source(), channel);
  }

  private ChannelFactory channels() {
    BundleContext using = user.up() ? user.bundle().getBundleContext() : null;
    return using == null ? null : service(using, ChannelFactory.class, "(objectClass=*)");
  }

  /** The listener, for those who accept from it. */
  Listener listener() {
    return named(context, Listener.class, "listener");
  }

  private static <T> T named(BundleContext context, Class<T> type, String target) {
    return service(context, type, "(penstock.name=" + name(target) + ")");
  }

  private static String name(String target) {
    return "storm-" + target;
  }

  private static <T> T service(BundleContext context, Class<T> type, String filter) {
    try {
      for (ServiceReference<T> each : context.getServiceReferences(type, filter)) {
        T service = context.getService(each);
        if (service != null) {
          return service;
        }
      }
      return null;
    } catch (IllegalStateException stopped) {
      // The bundle of this context has just stopped.
      return null;
    } catch (InvalidSyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
