// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import java.util.Map;
import org.osgi.service.component.ComponentConstants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** A named pipe for each configuration. */
@Component(
    name = PipeComponent.PID,
    service = {},
    immediate = true,
    configurationPid = PipeComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = PipeComponent.Config.class, factory = true)
public final class PipeComponent {
  static final String PID = "io.penstock.Pipe";

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: named pipe",
      description =
          "Registers a Pipe, and its ends as ByteSource and ByteSink, under a name. When the pipe"
              + " was closed, aborted, or ended and drained, a fresh one takes its place.")
  @interface Config {
    /** Name. */
    @AttributeDefinition(
        required = false,
        name = "Name",
        description =
            "What consumers find the pipe by, and what pipe:NAME means. Text. Default: the part of"
                + " the PID after ~.")
    String penstock_name() default "";

    /** Capacity. */
    @AttributeDefinition(
        required = false,
        name = "Capacity",
        description =
            "How much may be buffered. Bytes, or a number with KiB, MiB or GiB; 1 byte or more, or"
                + " 'unbounded'. Default: 64KiB. A change applies to the next pipe of the name.")
    String capacity() default "64KiB";

    /** Read time-out. */
    @AttributeDefinition(required = false, name = "Read time-out", description = Texts.READ_TIMEOUT)
    String readTimeout() default "";

    /** Write time-out. */
    @AttributeDefinition(
        required = false,
        name = "Write time-out",
        description = Texts.WRITE_TIMEOUT)
    String writeTimeout() default "";

    /** Reads wait. */
    @AttributeDefinition(required = false, name = "Reads wait", description = Texts.READ_BLOCKING)
    boolean readBlocking() default true;

    /** Writes wait. */
    @AttributeDefinition(required = false, name = "Writes wait", description = Texts.WRITE_BLOCKING)
    boolean writeBlocking() default true;

    /** Direct memory. */
    @AttributeDefinition(
        required = false,
        name = "Direct memory",
        description =
            "Where copies are kept: true for direct memory, false for the heap. Default: false. A"
                + " change applies to the next pipe of the name.")
    boolean direct() default false;

    /** Spin. */
    @AttributeDefinition(
        required = false,
        name = "Spin",
        description =
            "How long a call that must wait tries again before its thread is parked. A duration in"
                + " ms or ISO-8601, from 0ms to 0.05ms, or 'auto' to leave it to the product."
                + " Default: auto. A change applies to the next pipe of the name.")
    String spin() default "auto";
  }

  private final ConfiguredPipe pipe;

  /**
   * Refuses bad values, and is there all the same: not every runtime tries a component that failed
   * again when its configuration was corrected. Waits for nothing.
   *
   * @param properties the configuration
   * @param engine lends threads and names
   */
  @Activate
  public PipeComponent(Map<String, Object> properties, @Reference EngineComponent engine) {
    Values values = new Values(properties);
    Refusals.unknown(values, PipeSettings.KEYS);
    this.pipe =
        new ConfiguredPipe(
            engine.engine(), engine.names(PID), engine.pipes(), engine.services(), values.pid());
    Refusals.first(values, PipeSettings::of).ifPresent(pipe::configure);
  }

  /** Takes changed values, or keeps the last good ones. */
  @Modified
  void modified(Map<String, Object> properties) {
    Values values = new Values(properties);
    Refusals.unknown(values, PipeSettings.KEYS);
    Refusals.next(values, PipeSettings::of).ifPresent(pipe::configure);
  }

  /** Everything ends; what was accepted may still be delivered when only the configuration goes. */
  @Deactivate
  void deactivate(int reason) {
    pipe.stop(reason == ComponentConstants.DEACTIVATION_REASON_CONFIGURATION_DELETED);
  }
}
