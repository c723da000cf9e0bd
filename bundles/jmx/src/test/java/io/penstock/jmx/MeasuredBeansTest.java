// SPDX-License-Identifier: Apache-2.0
package io.penstock.jmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.metrics.MeasuredObject;
import io.penstock.metrics.Measurement;
import io.penstock.metrics.Metric;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import javax.management.Attribute;
import javax.management.AttributeNotFoundException;
import javax.management.InstanceNotFoundException;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import javax.management.ObjectName;
import javax.management.ReflectionException;
import javax.management.StandardMBean;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.OpenMBeanAttributeInfo;
import javax.management.openmbean.OpenMBeanInfo;
import org.junit.jupiter.api.Test;

/** The beans of objects that come and go, in a server of their own. */
class MeasuredBeansTest {
  private static final String PIPE = "io.penstock:type=pipe,name=\"a,b=\\\"c\\\"\"";

  private final MBeanServer server = MBeanServerFactory.newMBeanServer();
  private volatile List<MeasuredObject> objects = List.of(whole());
  private final MeasuredBeans beans = new MeasuredBeans(() -> objects, server);

  private static MeasuredObject whole() {
    return new MeasuredObject(
        "runtime",
        "",
        List.of(
            new Measurement(Metric.OBJECT_COUNT, "pipe", 1),
            new Measurement(Metric.OBJECT_COUNT, "channel", 2),
            new Measurement(Metric.OBJECT_COUNT, "listener", 0),
            new Measurement(Metric.OBJECT_COUNT, "relay", 0),
            new Measurement(Metric.OBJECT_COUNT, "poller", 0),
            new Measurement(Metric.OBJECT_COUNT, "handler", 0),
            new Measurement(Metric.MEMORY_USAGE, "", 5)));
  }

  private static MeasuredObject pipe(double read) {
    return new MeasuredObject(
        "pipe",
        "a,b=\"c\"",
        List.of(
            new Measurement(Metric.PIPE_IO, "read", read),
            new Measurement(Metric.PIPE_IO, "write", 3e10),
            new Measurement(Metric.PIPE_BUFFER_USAGE, "", 7)));
  }

  private Set<String> names() {
    return server.queryNames(null, null).stream()
        .filter(name -> name.getDomain().equals("io.penstock"))
        .map(ObjectName::toString)
        .collect(Collectors.toSet());
  }

  private Object read(String bean, String attribute) throws Exception {
    return server.getAttribute(new ObjectName(bean), attribute);
  }

  @Test
  void beansComeChangeAndGoWithTheirObjects() throws Exception {
    beans.refresh();
    assertEquals(Set.of("io.penstock:type=runtime"), names());

    objects = List.of(whole(), pipe(10));
    assertEquals(5L, read("io.penstock:type=runtime", "penstock.runtime.memory.usage"));
    assertEquals(2, names().size(), "a read is a look");
    CompositeData io = assertInstanceOf(CompositeData.class, read(PIPE, "penstock.pipe.io"));
    assertEquals(10L, io.get("read"));
    assertEquals(30_000_000_000L, io.get("write"));
    assertEquals(7L, read(PIPE, "penstock.pipe.buffer.usage"));

    objects = List.of(whole(), pipe(11));
    assertEquals(11L, ((CompositeData) read(PIPE, "penstock.pipe.io")).get("read"));

    objects = List.of(whole());
    beans.refresh();
    assertThrows(InstanceNotFoundException.class, () -> read(PIPE, "penstock.pipe.io"));

    beans.close();
    assertEquals(Set.of(), names());
    objects = List.of(whole(), pipe(1));
    beans.refresh();
    assertEquals(Set.of(), names(), "closed is closed");
  }

  @Test
  void beansAreOpenAndSayTheirUnits() throws Exception {
    objects = List.of(whole(), pipe(10));
    beans.refresh();
    OpenMBeanInfo info =
        assertInstanceOf(OpenMBeanInfo.class, server.getMBeanInfo(new ObjectName(PIPE)));
    assertEquals(
        List.of(
            "penstock.pipe.io",
            "penstock.pipe.operations",
            "penstock.pipe.waits",
            "penstock.pipe.waiter.count",
            "penstock.pipe.buffer.usage",
            "penstock.pipe.buffer.limit",
            "penstock.pipe.errors"),
        List.of(info.getAttributes()).stream().map(each -> each.getName()).toList());
    var first = info.getAttributes()[0];
    assertEquals("By", first.getDescriptor().getFieldValue("units"));
    assertEquals("COUNTER", first.getDescriptor().getFieldValue("metricType"));
    assertTrue(
        ((OpenMBeanAttributeInfo) first).isValue(read(PIPE, "penstock.pipe.io")),
        "the value is of the type that is told");
  }

  @Test
  void aNameThatIsTakenIsToldOnceAndTriedAgain() throws Exception {
    Queue<String> told = new ConcurrentLinkedQueue<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            told.add(entry.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("io.penstock.jmx");
    logger.addHandler(handler);
    try {
      ObjectName taken = new ObjectName(PIPE);
      for (int round = 1; round <= 2; round++) {
        server.registerMBean(new StandardMBean(() -> {}, Runnable.class), taken);
        for (int looks = 0; looks < 3; looks++) {
          objects = List.of(whole(), pipe(looks));
          beans.refresh();
        }
        assertEquals(round, told.size(), told::toString);
        server.unregisterMBean(taken);
        objects = List.of(whole(), pipe(9));
        assertEquals(5L, read("io.penstock:type=runtime", "penstock.runtime.memory.usage"));
        assertEquals(9L, ((CompositeData) read(PIPE, "penstock.pipe.io")).get("read"));
        // The next object of the name is another one.
        objects = List.of(whole());
        beans.refresh();
      }
    } finally {
      logger.removeHandler(handler);
    }
  }

  @Test
  void whatIsNotThereIsRefusedInWords() throws Exception {
    beans.refresh();
    ObjectName name = new ObjectName("io.penstock:type=runtime");
    String said =
        assertThrows(AttributeNotFoundException.class, () -> server.getAttribute(name, "size"))
            .getMessage();
    assertTrue(said.startsWith("there is no attribute 'size', but [penstock.runtime."), said);
    // The system of this test says nothing of descriptors.
    String limit = "penstock.runtime.file_descriptor.limit";
    assertEquals(
        "'" + limit + "' is not known on this system",
        assertThrows(AttributeNotFoundException.class, () -> server.getAttribute(name, limit))
            .getMessage());
    assertThrows(
        AttributeNotFoundException.class,
        () -> server.setAttribute(name, new Attribute("penstock.runtime.memory.usage", 1L)));
    assertThrows(ReflectionException.class, () -> server.invoke(name, "gc", null, null));
    assertEquals(
        1,
        server
            .getAttributes(name, new String[] {"size", limit, "penstock.runtime.memory.usage"})
            .size());
  }
}
