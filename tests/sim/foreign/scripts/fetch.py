"""Fetch a page with treq and print it: `fetch.py URL...`, one after the other."""

import sys

import treq
from twisted.internet import task


async def main(_reactor, *urls):
    for url in urls:
        response = await treq.get(url)
        print(response.code, response.headers.getRawHeaders("content-type"))
        print(await response.text())


task.react(main, sys.argv[1:])
