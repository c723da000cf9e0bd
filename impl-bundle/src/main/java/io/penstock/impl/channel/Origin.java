// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Endpoint;
import io.penstock.impl.engine.Engine;
import org.jspecify.annotations.Nullable;

/**
 * What a channel has in common with those that are made beside it, and with all others of its
 * listener.
 *
 * @param handles makes handles of descriptors; null where there are none
 * @param besides keeps what is made beside a channel
 */
record Origin(Endpoint endpoint, Engine engine, @Nullable Handles handles, Keeping besides) {}
