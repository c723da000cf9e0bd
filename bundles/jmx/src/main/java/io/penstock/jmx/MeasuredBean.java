// SPDX-License-Identifier: Apache-2.0
package io.penstock.jmx;

import io.penstock.metrics.MeasuredObject;
import io.penstock.metrics.Measurement;
import io.penstock.metrics.Metric;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.ImmutableDescriptor;
import javax.management.MBeanInfo;
import javax.management.ReflectionException;
import javax.management.openmbean.CompositeDataSupport;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.OpenDataException;
import javax.management.openmbean.OpenMBeanAttributeInfo;
import javax.management.openmbean.OpenMBeanAttributeInfoSupport;
import javax.management.openmbean.OpenMBeanConstructorInfo;
import javax.management.openmbean.OpenMBeanInfoSupport;
import javax.management.openmbean.OpenMBeanOperationInfo;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.SimpleType;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of an object. Each metric is an attribute of its name; one that has several
 * values is composite, with an item for each. An attribute whose value is not known, such as a
 * limit that the system does not have, is told but cannot be read, as one that is not there.
 */
final class MeasuredBean implements DynamicMBean {
  private final Map<String, Metric> metrics;
  private final Supplier<@Nullable MeasuredObject> measured;
  private final MBeanInfo info;

  /**
   * Makes a bean.
   *
   * @param type of the object
   * @param name of the object
   * @param measured what was measured of it now; null if it has gone
   */
  MeasuredBean(String type, String name, Supplier<@Nullable MeasuredObject> measured)
      throws OpenDataException {
    this.measured = measured;
    this.metrics =
        Arrays.stream(Metric.values())
            .filter(metric -> metric.type().equals(type))
            .collect(
                Collectors.toMap(
                    Metric::text, metric -> metric, (one, same) -> one, LinkedHashMap::new));
    OpenMBeanAttributeInfo[] attributes = new OpenMBeanAttributeInfo[metrics.size()];
    int i = 0;
    for (Metric metric : metrics.values()) {
      attributes[i++] =
          new OpenMBeanAttributeInfoSupport(
              metric.text(),
              metric.description(),
              typeOf(metric),
              true,
              false,
              false,
              new ImmutableDescriptor(
                  "units=" + metric.unit(),
                  "metricType=" + (metric.isCounter() ? "COUNTER" : "GAUGE")));
    }
    info =
        new OpenMBeanInfoSupport(
            MeasuredBean.class.getName(),
            name.isEmpty() ? "The whole of Penstock" : "What was measured of " + type + " " + name,
            attributes,
            new OpenMBeanConstructorInfo[0],
            new OpenMBeanOperationInfo[0],
            null);
  }

  private static SimpleType<?> simple(Metric metric) {
    return metric.unit().equals("s") ? SimpleType.DOUBLE : SimpleType.LONG;
  }

  private static Object value(Measurement measurement) {
    return simple(measurement.metric()).equals(SimpleType.DOUBLE)
        ? (Object) measurement.value()
        : (Object) (long) measurement.value();
  }

  private static OpenType<?> typeOf(Metric metric) throws OpenDataException {
    List<String> items = metric.attributeValues();
    if (items.isEmpty()) {
      return simple(metric);
    }
    OpenType<?>[] types = new OpenType<?>[items.size()];
    Arrays.fill(types, simple(metric));
    String[] names = items.toArray(String[]::new);
    return new CompositeType(
        metric.text(),
        metric.description() + " By " + metric.attribute() + ".",
        names,
        names,
        types);
  }

  @Override
  public Object getAttribute(String attribute)
      throws AttributeNotFoundException, ReflectionException {
    Metric metric = metrics.get(attribute);
    if (metric == null) {
      throw new AttributeNotFoundException(
          "there is no attribute '" + attribute + "', but " + metrics.keySet());
    }
    MeasuredObject object = measured.get();
    if (object == null) {
      throw new AttributeNotFoundException("what was measured here has gone");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    for (Measurement each : object.measurements()) {
      if (each.metric() == metric) {
        if (metric.attribute().isEmpty()) {
          return value(each);
        }
        values.put(each.attribute(), value(each));
      }
    }
    if (values.isEmpty()) {
      throw new AttributeNotFoundException("'" + attribute + "' is not known on this system");
    }
    try {
      return new CompositeDataSupport((CompositeType) typeOf(metric), values);
    } catch (OpenDataException e) {
      throw new ReflectionException(e, attribute);
    }
  }

  @Override
  public AttributeList getAttributes(String[] attributes) {
    AttributeList found = new AttributeList();
    for (String each : attributes) {
      try {
        found.add(new Attribute(each, getAttribute(each)));
      } catch (AttributeNotFoundException | ReflectionException missing) {
        // By the contract of this method, what cannot be read is left out.
      }
    }
    return found;
  }

  @Override
  public void setAttribute(Attribute attribute) throws AttributeNotFoundException {
    throw new AttributeNotFoundException("'" + attribute.getName() + "' can only be read");
  }

  @Override
  public AttributeList setAttributes(AttributeList attributes) {
    return new AttributeList();
  }

  @Override
  public Object invoke(String action, Object[] parameters, String[] signature)
      throws ReflectionException {
    throw new ReflectionException(
        new NoSuchMethodException(action), "there is no operation '" + action + "'");
  }

  @Override
  public MBeanInfo getMBeanInfo() {
    return info;
  }
}
