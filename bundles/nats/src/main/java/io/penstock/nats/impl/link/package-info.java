// SPDX-License-Identifier: Apache-2.0
/** The connection to the servers, and what is asked of them. */
@NullMarked
package io.penstock.nats.impl.link;

import org.jspecify.annotations.NullMarked;
