/**
 * The writers of outputs: one process in a real Slurm job, which writes to as many files as it is told.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { BYTE_IN_PERL, PERIOD } from "./output.ts";

/** How the files grow. */
export interface Production {
  /** Paths of the files. */
  readonly paths: readonly string[];
  /** Bytes that each grows by in all. */
  readonly bytes: number;
  /** Bytes a second that each grows by; 0 is as fast as possible. */
  readonly rate: number;
}

/** The Perl script of the job that writes, which takes its orders from files in the directory. */
export function writerScript(directory: string): string {
  return `#!/usr/bin/perl
use strict; use warnings; use Time::HiRes qw(time sleep);
my $content = join "", map { chr(${BYTE_IN_PERL}) } 0 .. ${PERIOD - 1};
$content x= 18;
mkdir "${directory}" or die $!;
for (my $order = 0; ; $order++) {
  sleep 0.002 until -e "${directory}/order-$order";
  open my $in, "<", "${directory}/order-$order" or die $!;
  chomp(my ($bytes, $rate, @paths) = <$in>);
  my @files = map { open my $file, ">>", $_ or die $!; [$file, -s $_] } @paths;
  my ($begun, $done) = (time, 0);
  while ($done < $bytes) {
    my $goal = $rate == 0 ? $done + 1_000_000 : int((time - $begun) * $rate);
    $goal = $bytes if $goal > $bytes;
    while ($done < $goal) {
      my $length = $goal - $done > 1_000_000 ? 1_000_000 : $goal - $done;
      for (@files) {
        my ($file, $start) = @$_;
        syswrite($file, $content, $length, ($start + $done) % ${PERIOD}) == $length or die $!;
      }
      $done += $length;
    }
    sleep 0.02 if $rate > 0;
  }
  my $ended = time;
  close $_->[0] for @files;
  open my $out, ">", "${directory}/done-$order.part" or die $!;
  printf $out "%.6f %.6f\\n", $begun, $ended;
  close $out;
  rename "${directory}/done-$order.part", "${directory}/done-$order";
}
`;
}

/** Gives orders to the job that writes; its directory is on this machine as well. */
export class Writers {
  readonly #directory: string;
  #orders = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Waits for the writers that look into the directory, which they make when they start. */
  static async inDirectory(directory: string): Promise<Writers> {
    while (await Deno.stat(directory).catch(() => undefined) === undefined) await delay(20);
    return new Writers(directory);
  }

  /** Has the files grow, and tells when they began to and when they had, in ms since the epoch. */
  async produce(
    { paths, bytes, rate }: Production,
  ): Promise<{ readonly begunAt: number; readonly endedAt: number }> {
    const order = `${this.#directory}/order-${this.#orders}`;
    const done = `${this.#directory}/done-${this.#orders}`;
    this.#orders++;
    await Deno.writeTextFile(`${order}.part`, `${[bytes, rate, ...paths].join("\n")}\n`);
    await Deno.rename(`${order}.part`, order);
    for (;;) {
      const times = await Deno.readTextFile(done).catch(() => undefined);
      const [begun, ended] = times?.split(" ").map(Number) ?? [];
      if (begun !== undefined && ended !== undefined) {
        return { begunAt: begun * 1_000, endedAt: ended * 1_000 };
      }
      await delay(5);
    }
  }
}
