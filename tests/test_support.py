"""What tests lean on must itself stand."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from support.postgres import Unavailable, find_programs, temporary_postgres
