// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.Message;
import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.impl.link.Feed;
import io.penstock.nats.impl.link.LinkException;
import io.penstock.nats.impl.pipe.KeyStore.Value;
import io.penstock.spi.Messages;
import java.io.Closeable;
import java.lang.System.Logger.Level;

/**
 * How far the reader is, for a writer in another process: the changes of the reader's key. All on
 * the link's thread.
 */
final class CursorWatch implements Feed.Drain, Closeable {
  private static final System.Logger LOG = Messages.log("nats");
  private static final int SOME = 16;

  private final NatsContent content;
  private final Feed feed;
  private volatile Cursor cursor;

  CursorWatch(NatsContent content, Cursor first) {
    this.content = content;
    this.cursor = first;
    PipeSettings settings = content.settings;
    this.feed = new Feed(content.link, settings.keys(), settings.key(Claim.READER), this);
  }

  long position() {
    return cursor.committed();
  }

  @Override
  public void from(MapBuilder config) {
    config.put("deliver_policy", "last_per_subject");
  }

  @Override
  public void begun(long pending) {
    more();
  }

  private void more() {
    if (feed.wanted() < SOME) {
      feed.want(SOME);
    }
  }

  @Override
  public void message(Message message, long sequence, long pending) {
    more();
    JsonValue json;
    try {
      json = JsonParser.parse(message.getData());
    } catch (JsonParseException e) {
      LOG.log(Level.DEBUG, "{0}: a key cannot be read", content.settings.shown(), e);
      return;
    }
    cursor = Cursor.of(new Value(sequence, json));
    Writing writing = content.writing();
    if (writing != null && writing.release(cursor.released())) {
      writing.pump();
      content.tell();
    }
    content.purging.note(cursor.floor());
  }

  @Override
  public void troubled(LinkException why) {
    Writing writing = content.writing();
    content.troubled(why, writing == null ? cursor.committed() : writing.acknowledged());
  }

  @Override
  public void close() {
    feed.close();
  }
}
