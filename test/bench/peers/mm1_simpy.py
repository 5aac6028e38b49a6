"""The M/M/1 queue of ../core.ts in SimPy: a process for each customer, in SimPy's own idiom.

Usage: mm1_simpy.py CUSTOMERS ARRIVAL_MEAN SERVICE_MEAN
Prints the processor time that the run took, without Python's start, and the mean wait, as JSON.
"""

import json
import random
import sys
import time

import simpy

customers = int(sys.argv[1])
arrival_rate = 1 / float(sys.argv[2])
service_rate = 1 / float(sys.argv[3])

env = simpy.Environment()
server = simpy.Resource(env, capacity=1)
rng = random.Random(1)
waited = 0.0


def customer():
    global waited
    arrived = env.now
    with server.request() as request:
        yield request
        waited += env.now - arrived
        yield env.timeout(rng.expovariate(service_rate))


def source():
    for _ in range(customers):
        yield env.timeout(rng.expovariate(arrival_rate))
        env.process(customer())


env.process(source())
begin = time.process_time()
env.run()
print(json.dumps({"seconds": time.process_time() - begin, "mean_wait": waited / customers}))
